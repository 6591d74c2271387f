// Ordinary HTTP services of Mono: they know nothing of any relay.
//   /soap11   BasicHttpBinding, with ?wsdl and a help page
//   /soap12   SOAP 1.2 with WS-Addressing 1.0
//   /plain    no SOAP: POST of JSON {"a":1,"b":2} gives the sum; PUT gives length and SHA-256 of the body; GET ?N gives N bytes, GET of
//             accounts.wsdl a description of the two above; other methods give back the method, the path, the query and what the header X-Probe held
using System;
using System.IO;
using System.Net;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.ServiceModel.Description;
using System.ServiceModel.Dispatcher;
using System.Text;
using System.Threading;

namespace Interop.Http
{
    [DataContract(Namespace = "urn:interop", Name = "Refusal")]
    public sealed class RefusalDetail
    {
        [DataMember]
        public string Why;
    }

    [ServiceContract(Namespace = "urn:interop", Name = "Accounts")]
    public interface IAccounts
    {
        [OperationContract]
        string Echo(string text);

        [OperationContract]
        int Add(int a, int b);

        [OperationContract]
        [FaultContract(typeof(RefusalDetail))]
        string Fail(string why);

        [OperationContract(IsOneWay = true)]
        void Fire(string text);

        [OperationContract]
        string Fired();
    }

    [ServiceBehavior(InstanceContextMode = InstanceContextMode.Single, ConcurrencyMode = ConcurrencyMode.Multiple,
        Namespace = "urn:interop", Name = "Accounts")]
    public sealed class Accounts : IAccounts
    {
        volatile string fired = "";

        public string Echo(string text) { return text; }

        public int Add(int a, int b) { return a + b; }

        public string Fail(string why)
        {
            throw new FaultException<RefusalDetail>(new RefusalDetail { Why = why }, "refused: " + why);
        }

        public void Fire(string text) { fired = text; }

        public string Fired() { return fired; }
    }

    /// Mono compares To with the endpoint's own address, whatever AddressFilterMode says.
    sealed class AnyAddress : IEndpointBehavior
    {
        public void ApplyDispatchBehavior(ServiceEndpoint endpoint, EndpointDispatcher dispatcher)
        {
            dispatcher.AddressFilter = new MatchAllMessageFilter();
        }

        public void AddBindingParameters(ServiceEndpoint endpoint, BindingParameterCollection parameters) { }

        public void ApplyClientBehavior(ServiceEndpoint endpoint, ClientRuntime runtime) { }

        public void Validate(ServiceEndpoint endpoint) { }
    }

    [DataContract]
    public sealed class Sum
    {
        [DataMember]
        public int a;

        [DataMember]
        public int b;
    }

    [DataContract]
    public sealed class Result
    {
        [DataMember]
        public int sum;

        [DataMember]
        public string note;
    }

    public static class HttpServices
    {
        /// The file accounts.wsdl.
        public static string Description;

        /// Opens all of them; `port` is free, and so is the one behind it.
        public static void Open(int port)
        {
            var host = new ServiceHost(new Accounts(), new Uri("http://localhost:" + port + "/"));
            host.AddServiceEndpoint(typeof(IAccounts), new BasicHttpBinding { MaxReceivedMessageSize = 1 << 24 }, "soap11");
            var soap12 = new CustomBinding(
                new TextMessageEncodingBindingElement(MessageVersion.Soap12WSAddressing10, Encoding.UTF8), new HttpTransportBindingElement());
            host.AddServiceEndpoint(typeof(IAccounts), soap12, "soap12").Behaviors.Add(new AnyAddress());
            host.Description.Behaviors.Add(new ServiceMetadataBehavior
            {
                HttpGetEnabled = true,
                HttpGetUrl = new Uri("http://localhost:" + port + "/soap11"),
            });
            host.Open();
            var plain = new HttpListener();
            plain.Prefixes.Add("http://localhost:" + (port + 1) + "/plain/");
            plain.Start();
            new Thread(() =>
            {
                while (true)
                {
                    var context = plain.GetContext();
                    ThreadPool.QueueUserWorkItem(_ => Answer(context));
                }
            }) { IsBackground = true }.Start();
        }

        static void Answer(HttpListenerContext context)
        {
            try
            {
                Answer(context.Request, context.Response);
                context.Response.Close();
            }
            catch (Exception error)
            {
                Console.Error.WriteLine("plain: " + error);
                context.Response.Abort();
            }
        }

        static void Answer(HttpListenerRequest request, HttpListenerResponse response)
        {
            response.SendChunked = true;
            switch (request.HttpMethod)
            {
                case "POST":
                    var sum = (Sum)new DataContractJsonSerializer(typeof(Sum)).ReadObject(request.InputStream);
                    response.StatusCode = 201;
                    response.ContentType = "application/json";
                    new DataContractJsonSerializer(typeof(Result)).WriteObject(
                        response.OutputStream, new Result { sum = sum.a + sum.b, note = "\u00e9\u20ac \"quoted\"" });
                    break;
                case "PUT":
                    Measure(request.InputStream, response);
                    break;
                case "GET":
                    if (request.Url.AbsolutePath == "/plain/accounts.wsdl")
                    {
                        response.ContentType = "text/xml; charset=utf-8";
                        var wsdl = File.ReadAllBytes(Description);
                        response.OutputStream.Write(wsdl, 0, wsdl.Length);
                        break;
                    }
                    response.ContentType = "application/octet-stream";
                    var zeros = new byte[64 << 10];
                    for (long left = long.Parse(request.Url.Query.Substring(1)); left > 0; left -= zeros.Length)
                        response.OutputStream.Write(zeros, 0, (int)Math.Min(left, zeros.Length));
                    break;
                default:
                    response.AddHeader("X-Seen", request.HttpMethod + " " + request.RawUrl + " " + request.Headers["X-Probe"]);
                    response.StatusCode = 204;
                    break;
            }
        }

        static void Measure(Stream body, HttpListenerResponse response)
        {
            var digest = SHA256.Create();
            var buffer = new byte[64 << 10];
            long length = 0;
            for (int read; (read = body.Read(buffer, 0, buffer.Length)) > 0; length += read)
                digest.TransformBlock(buffer, 0, read, null, 0);
            digest.TransformFinalBlock(buffer, 0, 0);
            response.ContentType = "text/plain";
            var text = Encoding.ASCII.GetBytes(length + " " + BitConverter.ToString(digest.Hash).Replace("-", "").ToLowerInvariant());
            response.OutputStream.Write(text, 0, text.Length);
        }
    }
}
