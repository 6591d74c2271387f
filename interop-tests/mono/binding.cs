// The bindings of both sides: all over TCP, without security, with room for 1 MiB in a message, streamed for 64 MiB.
//   binary     NetTcpBinding, buffered: binary with a session dictionary
//   streamed   NetTcpBinding, streamed: binary without one
//   text11     SOAP 1.1 and WS-Addressing 1.0 in UTF-8
//   utf16      SOAP 1.2 and WS-Addressing 1.0 in UTF-16
using System;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.Text;

namespace Interop
{
    public static class Binding
    {
        public static System.ServiceModel.Channels.Binding Make(string kind)
        {
            var binding = Unlimited(kind);
            binding.SendTimeout = binding.OpenTimeout = TimeSpan.FromSeconds(30);
            return binding;
        }

        static System.ServiceModel.Channels.Binding Unlimited(string kind)
        {
            switch (kind)
            {
                case "binary": return NetTcp(TransferMode.Buffered);
                case "streamed": return NetTcp(TransferMode.Streamed);
                case "text11": return Text(EnvelopeVersion.Soap11, Encoding.UTF8);
                case "utf16": return Text(EnvelopeVersion.Soap12, Encoding.Unicode);
                default: throw new ArgumentException("no binding " + kind);
            }
        }

        static NetTcpBinding NetTcp(TransferMode mode)
        {
            var binding = new NetTcpBinding(SecurityMode.None);
            int room = mode == TransferMode.Streamed ? 80 << 20 : 4 << 20;
            binding.TransferMode = mode;
            binding.MaxReceivedMessageSize = room;
            binding.MaxBufferSize = room;
            binding.ReaderQuotas.MaxArrayLength = room;
            return binding;
        }

        static CustomBinding Text(EnvelopeVersion soap, Encoding encoding)
        {
            var version = MessageVersion.CreateVersion(soap, AddressingVersion.WSAddressing10);
            var text = new TextMessageEncodingBindingElement(version, encoding);
            text.ReaderQuotas.MaxArrayLength = 4 << 20;
            var tcp = new TcpTransportBindingElement();
            tcp.MaxReceivedMessageSize = 4 << 20;
            tcp.MaxBufferSize = 4 << 20;
            return new CustomBinding(text, tcp);
        }
    }
}
