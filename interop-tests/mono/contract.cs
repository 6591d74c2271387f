// The contract that client and host share.
using System.ServiceModel;

namespace Interop
{
    public interface ICallback
    {
        [OperationContract]
        string Confirm(string text);

        [OperationContract(IsOneWay = true)]
        void Notify(int number);
    }

    [ServiceContract(Namespace = "urn:interop", Name = "Probe")]
    public interface IProbe
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
        int Fired();

        // Is never answered.
        [OperationContract]
        void Wait();
    }

    [ServiceContract(Namespace = "urn:interop", Name = "Session", SessionMode = SessionMode.Required)]
    public interface ISession
    {
        [OperationContract]
        int Next();
    }

    [ServiceContract(Namespace = "urn:interop", Name = "Duplex", SessionMode = SessionMode.Required, CallbackContract = typeof(ICallback))]
    public interface IDuplex
    {
        // Calls Confirm back before it answers.
        [OperationContract]
        string Ask(string text);

        // Calls Notify back for each number up to count.
        [OperationContract(IsOneWay = true)]
        void Count(int count);
    }
}
