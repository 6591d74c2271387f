// The service of the recordings in fixtures/nettcp, as far as Microsoft's recorded client calls it.
//   recorded_host.exe PORT
// Prints "ready" when it listens; runs until it is killed.
using System;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.Threading;

namespace Recorded
{
    [DataContract(Namespace = "urn:relay-probe:data")]
    public class ProbeFault
    {
        [DataMember]
        public int Code;

        [DataMember]
        public string Why;
    }

    [ServiceContract(Namespace = "urn:relay-probe", Name = "IEcho")]
    public interface IEcho
    {
        [OperationContract]
        string Echo(string text);

        [OperationContract]
        int Add(int a, int b);

        [OperationContract]
        byte[] Blob(byte[] data);

        [OperationContract(IsOneWay = true)]
        void Fire(string text);

        [OperationContract]
        int FireCount();

        [OperationContract, FaultContract(typeof(ProbeFault))]
        void FailTyped(int code);
    }

    [ServiceBehavior(InstanceContextMode = InstanceContextMode.Single, ConcurrencyMode = ConcurrencyMode.Multiple)]
    public class Service : IEcho
    {
        int fired;

        public string Echo(string text) { return text; }

        public int Add(int a, int b) { return a + b; }

        public byte[] Blob(byte[] data)
        {
            Array.Reverse(data);
            return data;
        }

        public void Fire(string text) { Interlocked.Increment(ref fired); }

        public int FireCount() { return fired; }

        public void FailTyped(int code)
        {
            var detail = new ProbeFault { Code = code, Why = "asked to" };
            throw new FaultException<ProbeFault>(detail, new FaultReason("typed fault"), new FaultCode("ProbeCode", "urn:relay-probe"));
        }
    }

    public static class Host
    {
        public static void Main(string[] args)
        {
            var host = new ServiceHost(typeof(Service));
            host.AddServiceEndpoint(typeof(IEcho), Interop.Binding.Make("binary"), "net.tcp://localhost:" + args[0] + "/probe");
            host.Open();
            Console.WriteLine("ready");
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
