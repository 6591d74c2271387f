// An ordinary NetTcpBinding service: it knows nothing of any relay.
//   host.exe probe|session|duplex PORT [BINDING]
// (Mono cannot open two services on one port.)
// Prints "ready" when it listens and a line for each one-way call and for each call that waits; runs until it is killed.
using System;
using System.ServiceModel;
using System.Threading;

namespace Interop
{
    [ServiceBehavior(InstanceContextMode = InstanceContextMode.Single, ConcurrencyMode = ConcurrencyMode.Multiple)]
    public class Probe : IProbe
    {
        int fired;

        public string Echo(string text) { return text; }

        public int Add(int a, int b) { return a + b; }

        public byte[] Blob(byte[] data) { return data; }

        public void Fire(string text)
        {
            Interlocked.Increment(ref fired);
            Console.WriteLine("fired " + text);
        }

        public int Fired() { return fired; }

        public void Wait()
        {
            Console.WriteLine("waiting");
            Thread.Sleep(Timeout.Infinite);
        }
    }

    [ServiceBehavior(InstanceContextMode = InstanceContextMode.PerSession)]
    public class Session : ISession
    {
        int calls;

        public int Next() { return ++calls; }
    }

    [ServiceBehavior(InstanceContextMode = InstanceContextMode.PerSession, ConcurrencyMode = ConcurrencyMode.Multiple)]
    public class Duplex : IDuplex
    {
        public string Ask(string text)
        {
            return "the client said " + Back().Confirm(text);
        }

        public void Count(int count)
        {
            for (int number = 1; number <= count; number++)
                Back().Notify(number);
        }

        static ICallback Back()
        {
            return OperationContext.Current.GetCallbackChannel<ICallback>();
        }
    }

    public static class Host
    {
        public static void Main(string[] args)
        {
            string kind = args.Length > 2 ? args[2] : "binary";
            string address = "net.tcp://localhost:" + args[1] + "/" + args[0];
            switch (args[0])
            {
                case "probe": Open(typeof(Probe), typeof(IProbe), address, kind); break;
                case "session": Open(typeof(Session), typeof(ISession), address, kind); break;
                case "duplex": Open(typeof(Duplex), typeof(IDuplex), address, kind); break;
                default: throw new ArgumentException("no service " + args[0]);
            }
            Console.WriteLine("ready");
            Thread.Sleep(Timeout.Infinite);
        }

        static void Open(Type service, Type contract, string address, string kind)
        {
            var host = new ServiceHost(service);
            host.AddServiceEndpoint(contract, Binding.Make(kind), address);
            host.Open();
        }
    }
}
