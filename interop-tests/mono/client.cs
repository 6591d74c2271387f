// An ordinary NetTcpBinding client.
//   client.exe CHECK ADDRESS [VIA [BINDING]]
// ADDRESS is what To says; VIA, when given and not "-", is where to connect instead (a relay). BINDING: binding.cs.
// Prints "ok ..." for each check that holds and ends with status 0; anything else is a failure.
using System;
using System.Collections.Generic;
using System.Linq;
using System.ServiceModel;
using System.Threading;

namespace Interop
{
    [CallbackBehavior(ConcurrencyMode = ConcurrencyMode.Multiple)]
    public class Callback : ICallback
    {
        public readonly List<int> Numbers = new List<int>();
        public readonly CountdownEvent Due = new CountdownEvent(3);

        public string Confirm(string text)
        {
            return text.ToUpperInvariant();
        }

        public void Notify(int number)
        {
            lock (Numbers)
                Numbers.Add(number);
            Due.Signal();
        }
    }

    public static class Client
    {
        static string kind = "binary";

        public static int Main(string[] args)
        {
            try
            {
                string via = args.Length > 2 && args[2] != "-" ? args[2] : null;
                if (args.Length > 3)
                    kind = args[3];
                switch (args[0])
                {
                    case "request-reply": RequestReply(args[1], via); break;
                    case "session": Session(args[1], via); break;
                    case "one-way": OneWay(args[1], via); break;
                    case "duplex": Duplex(args[1], via); break;
                    case "blob": Blob(args[1], via, 1); break;
                    case "large-blob": Blob(args[1], via, 64); break;
                    case "100-calls": HundredCalls(args[1], via); break;
                    case "wait": Wait(args[1], via); break;
                    case "refused": Refused(args[1], via); break;
                    case "one-call-each": OneCallEach(args[1], via); break;
                    default: throw new ArgumentException("no check " + args[0]);
                }
                Console.WriteLine("done");
                Console.Out.Flush();
                return 0;
            }
            catch (Exception error)
            {
                Console.WriteLine("failed: " + error);
                Console.Out.Flush();
                return 1;
            }
        }

        // What ClientViaBehavior does from a configuration file; Mono's is not implemented.
        static T Channel<T>(ChannelFactory<T> factory, string address, string via)
        {
            var endpoint = new EndpointAddress(address);
            return via == null ? factory.CreateChannel(endpoint) : factory.CreateChannel(endpoint, new Uri(via));
        }

        static IProbe Probe(string address, string via)
        {
            return Channel(new ChannelFactory<IProbe>(Binding.Make(kind)), address, via);
        }

        static void RequestReply(string address, string via)
        {
            var probe = Probe(address, via);
            Check("echo", probe.Echo("h\u00e9llo \u2603 <&>") == "h\u00e9llo \u2603 <&>");
            Check("add", probe.Add(40, 2) == 42);
            Check("empty", probe.Echo("") == "");
        }

        static void Session(string address, string via)
        {
            var session = Channel(new ChannelFactory<ISession>(Binding.Make(kind)), address, via);
            for (int call = 1; call <= 20; call++)
                Check("call " + call, session.Next() == call);
            var other = Channel(new ChannelFactory<ISession>(Binding.Make(kind)), address, via);
            Check("another session counts anew", other.Next() == 1);
        }

        static void OneWay(string address, string via)
        {
            var probe = Probe(address, via);
            int before = probe.Fired();
            for (int shot = 0; shot < 5; shot++)
                probe.Fire("shot " + shot);
            var until = DateTime.UtcNow.AddSeconds(20);
            while (probe.Fired() < before + 5 && DateTime.UtcNow < until)
                Thread.Yield();
            Check("five shots arrived once each", probe.Fired() == before + 5);
        }

        static void Duplex(string address, string via)
        {
            var callback = new Callback();
            var factory = new DuplexChannelFactory<IDuplex>(new InstanceContext(callback), Binding.Make(kind));
            var endpoint = new EndpointAddress(address);
            var duplex = via == null ? factory.CreateChannel(endpoint) : factory.CreateChannel(endpoint, new Uri(via));
            duplex.Count(3);
            Check("three notices came", callback.Due.Wait(TimeSpan.FromSeconds(20)));
            lock (callback.Numbers)
                Check("in order", callback.Numbers.SequenceEqual(new[] { 1, 2, 3 }));
            Check("the service asked back", duplex.Ask("yes") == "the client said YES");
        }

        static void Blob(string address, string via, int mebibytes)
        {
            var sent = new byte[mebibytes << 20];
            new Random(7).NextBytes(sent);
            var received = Probe(address, via).Blob(sent);
            Check(mebibytes + " MiB came back", received.SequenceEqual(sent));
        }

        // Four channels are four connections, however many calls each of them makes. Each is made with its first call: Mono's client
        // connects at once and sends its preamble with the first call, and Mono's service takes no further connection before it has that.
        static void HundredCalls(string address, string via)
        {
            var channels = new IProbe[4];
            for (int call = 0; call < 100; call++)
            {
                var channel = channels[call % 4] = channels[call % 4] ?? Probe(address, via);
                if (channel.Add(call, 1) != call + 1)
                    throw new InvalidOperationException("call " + call);
            }
            Check("100 calls on four channels", true);
        }

        // Is cut off while the service works on its call. Whoever runs this looks at the clock: Mono says TimeoutException for a
        // connection that ends, too.
        static void Wait(string address, string via)
        {
            var probe = Probe(address, via);
            try
            {
                probe.Wait();
            }
            catch (Exception error)
            {
                Console.WriteLine("ok the call failed: " + error.GetType().Name);
                return;
            }
            throw new InvalidOperationException("the call ended well");
        }

        static void Refused(string address, string via)
        {
            try
            {
                Probe(address, via).Echo("");
            }
            catch (Exception error)
            {
                Console.WriteLine("ok refused: " + error.GetType().Name);
                return;
            }
            throw new InvalidOperationException("the call ended well");
        }

        // Mono's own client fails at a second streamed call on one channel.
        static void OneCallEach(string address, string via)
        {
            Check("echo", Probe(address, via).Echo("h\u00e9llo \u2603 <&>") == "h\u00e9llo \u2603 <&>");
            Check("add", Probe(address, via).Add(40, 2) == 42);
            Blob(address, via, 1);
        }

        static void Check(string what, bool holds)
        {
            if (!holds)
                throw new InvalidOperationException(what);
            Console.WriteLine("ok " + what);
        }
    }
}
