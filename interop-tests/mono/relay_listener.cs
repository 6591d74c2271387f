// A listener of WCF Relay in front of an ordinary net.tcp service, or of none.
//   relay_listener.exe --host HOST --amqps PORT --ca FILE --path PATH [--token TOKEN] [--type RelayedConnection]
//                      [--to PORT] [--declared] [--clear-senders] [--anonymous-senders] [--title TEXT]
//                      [--withhold] [--die-after N]
// --to: where the service listens on this machine; each invitation is taken by dialling the gateway and joining it with the service.
// --declared: the relay must be there already. --clear-senders, --anonymous-senders: senders need no TLS, no token.
// --withhold: messages are not accepted. --die-after: ends as kill -9 does, when so many messages were shown, before the last is accepted.
//
// Prints "ready" when it is registered; then "invited ID", "accepted ID" when the gateway has joined it with a sender, "refused ID CODE: REASON",
// "joined ID ended"; a message that is no invitation: "message XML"; "stopped" and status 0 after SIGINT, which makes it
// leave in good order; and at an end that it did not ask for "ended REASON" and status 1.
using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Threading;
using Mono.Unix;
using Mono.Unix.Native;

namespace Interop.Relay
{
    public static class RelayListener
    {
        static Arguments arguments;
        static ListenerSettings settings;
        static ListenerLink link;
        static int shown;
        static volatile bool stopping;

        public static int Main(string[] args)
        {
            try
            {
                arguments = new Arguments(args, "--declared", "--clear-senders", "--anonymous-senders", "--withhold");
                settings = new ListenerSettings
                {
                    Host = arguments.Needed("--host"),
                    Path = arguments.Needed("--path"),
                    Token = arguments.Text("--token"),
                    ListenerType = arguments.Text("--type", "RelayedConnection"),
                    IsDynamic = !arguments.Has("--declared"),
                    RequiresTransportSecurity = !arguments.Has("--clear-senders"),
                    RequiresClientAuthentication = !arguments.Has("--anonymous-senders"),
                    DisplayName = arguments.Text("--title"),
                };
                Line.Trust(arguments.Needed("--ca"));
                var line = Line.Connect(settings.Host, arguments.Number("--amqps", 5671));
                line.Secure(settings.Host);
                link = new ListenerLink(line.Stream, settings);
                link.Delivered += Delivered;
                link.Start();
                // From here on it is told, and not ended by it; the thread may be late.
                var told = new UnixSignal(Signum.SIGINT);
                new Thread(() => StopWhenTold(told)) { IsBackground = true }.Start();
                Say.Line("ready");
                link.Run();
                return 1;
            }
            catch (Exception) when (stopping)
            {
                Say.Line("stopped");
                return 0;
            }
            catch (Exception error)
            {
                Say.Line("ended " + Short(error));
                return 1;
            }
        }

        /// Console.CancelKeyPress would need a terminal.
        static void StopWhenTold(UnixSignal told)
        {
            told.WaitOne();
            stopping = true;
            link.Stop();
        }

        static void Delivered(Delivery delivery)
        {
            var envelope = new Envelope(delivery.Envelope).Wrapped();
            if (envelope.IsInvitation)
            {
                var invitation = envelope.Invitation();
                Say.Line("invited " + invitation.Id);
                new Thread(() => Take(invitation)) { IsBackground = true }.Start();
            }
            else
            {
                Say.Line("message " + envelope.Xml);
                if (++shown == arguments.Number("--die-after", 0))
                    Process.GetCurrentProcess().Kill();
            }
            if (!arguments.Has("--withhold"))
                link.Accept(delivery);
        }

        /// An invitation that cannot be taken is nobody's business but the gateway's. Relay page 4.6.
        static void Take(Invitation invitation)
        {
            Line gateway = null;
            try
            {
                // IPAddress takes the number as the relay writes it: the first byte is the lowest.
                var address = new IPAddress(invitation.IpAddress);
                gateway = Line.Connect(address.ToString(), invitation.IpPort);
                string uri = "sb://" + address + ":" + invitation.IpPort + "/";
                // A listener that has a token comes by TLS, for the name of its service. Relay page 1.3, 4.2.
                string secureFor = settings.Token != null || settings.RequiresTransportSecurity ? settings.Host : null;
                var reply = RelayedConnection.Ask(gateway, uri, secureFor, RelayMessages.RelayedAccept(invitation.Id));
                if (reply.Fault != null)
                {
                    Say.Line("refused " + invitation.Id + " " + reply.Fault);
                    gateway.Cut();
                    return;
                }
                Say.Line("accepted " + invitation.Id);
                var service = Line.Connect("localhost", arguments.Number("--to", 0));
                service.EndsByReset = true;
                Line.Join(gateway, service);
                Say.Line("joined " + invitation.Id + " ended");
            }
            catch (Exception error)
            {
                if (gateway != null)
                    gateway.Cut();
                Say.Line("refused " + invitation.Id + " " + Short(error));
            }
        }

        static string Short(Exception error)
        {
            return (error.GetType().Name + ": " + error.Message).Replace("\n", " ");
        }
    }
}
