// A local port whose connections go to a WCF relay, for a client that knows of none.
//   relay_sender.exe --host HOST --rendezvous PORT --ca FILE --path PATH [--token TOKEN] [--clear]
// Without a token it is an anonymous sender; --clear: without TLS.
//
// Prints "ready PORT"; then for each connection "joined" when the gateway has joined it with a listener, and "ended" at its end, or
// "refused CODE: REASON", in the words of the relay's fault, and hangs up. Runs until it is killed.
using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Interop.Relay
{
    public static class RelaySender
    {
        static Arguments arguments;

        public static void Main(string[] args)
        {
            arguments = new Arguments(args, "--clear");
            Line.Trust(arguments.Needed("--ca"));
            var door = new TcpListener(IPAddress.Loopback, 0);
            door.Start();
            Say.Line("ready " + ((IPEndPoint)door.LocalEndpoint).Port);
            while (true)
            {
                var client = Line.Accepted(door.AcceptSocket());
                new Thread(() => Serve(client)) { IsBackground = true }.Start();
            }
        }

        static void Serve(Line client)
        {
            Line gateway = null;
            try
            {
                string host = arguments.Needed("--host"), uri = "sb://" + host + "/" + arguments.Needed("--path");
                gateway = Line.Connect(host, arguments.Number("--rendezvous", 9352));
                var connect = RelayMessages.RelayedConnect(uri, arguments.Text("--token"));
                var reply = RelayedConnection.Ask(gateway, uri, arguments.Has("--clear") ? null : host, connect);
                if (reply.Fault != null)
                    throw new InvalidOperationException(reply.Fault);
                Say.Line("joined");
                Line.Join(client, gateway);
                Say.Line("ended");
            }
            catch (Exception error)
            {
                if (gateway != null)
                    gateway.Cut();
                client.Cut();
                Say.Line("refused " + (error is InvalidOperationException ? error.Message : error.GetType().Name + ": " + error.Message));
            }
        }
    }
}
