// The envelopes of WCF Relay, written and read by Mono's own binary XML with the static dictionary of [MC-NBFS]: nothing here is
// written by the project under test. Relay page 2.4, 4.4 to 4.6, 8.2, 8.4.
using System;
using System.IO;
using System.Reflection;
using System.Runtime.Serialization;
using System.ServiceModel.Channels;
using System.Text;
using System.Xml;

namespace Interop.Relay
{
    public static class Uris
    {
        public const string Connect = "http://schemas.microsoft.com/netservices/2009/05/servicebus/connect";
        public const string RelayedConnect = "http://schemas.microsoft.com/netservices/2009/05/servicebus/relayedconnect";
        public const string Relay = "http://schemas.microsoft.com/netservices/2009/05/servicebus/relay";
        public const string Tracking = "http://schemas.microsoft.com/servicebus/2010/08/protocol/";
        public const string Soap = "http://www.w3.org/2003/05/soap-envelope";
        public const string Addressing = "http://www.w3.org/2005/08/addressing";
        public const string Anonymous = "http://schemas.microsoft.com/2005/12/ServiceModel/Addressing/Anonymous";
        public const string Instance = "http://www.w3.org/2001/XMLSchema-instance";
        public const string Security = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
        public const string Utility = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
        public const string TokenType = "http://schemas.xmlsoap.org/ws/2009/11/swt-token-profile-1.0";
        public const string Base64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
    }

    /// What an invitation says. The serializer skips members that it does not know, but none in the wrong order.
    [DataContract(Name = "RelayedConnect", Namespace = Uris.RelayedConnect)]
    public sealed class Invitation
    {
        [DataMember(Order = 0, IsRequired = true)]
        public string Id;

        [DataMember(Order = 1, IsRequired = true)]
        public long IpAddress;

        [DataMember(Order = 2, IsRequired = true)]
        public int IpPort;

        [DataMember(Order = 3, EmitDefaultValue = false)]
        public long HttpAddress;

        [DataMember(Order = 4, EmitDefaultValue = false)]
        public int HttpPort;

        [DataMember(Order = 6, EmitDefaultValue = false)]
        public long HttpsAddress;

        [DataMember(Order = 7, EmitDefaultValue = false)]
        public int HttpsPort;

        [DataMember(Order = 8, EmitDefaultValue = false)]
        public string InstanceDnsAddress;
    }

    /// An envelope that came.
    public sealed class Envelope
    {
        readonly byte[] bytes;
        readonly XmlDocument document = new XmlDocument();
        readonly XmlNamespaceManager names;

        public Envelope(byte[] bytes)
        {
            this.bytes = bytes;
            document.PreserveWhitespace = true;
            document.Load(Reader());
            names = new XmlNamespaceManager(document.NameTable);
            names.AddNamespace("s", Uris.Soap);
            names.AddNamespace("a", Uris.Addressing);
            names.AddNamespace("c", Uris.Connect);
            if (document.SelectSingleNode("/s:Envelope/s:Body", names) == null)
                throw new InvalidDataException("not SOAP 1.2: " + Xml);
        }

        /// Empty when there is none.
        public string Action { get { return Text("/s:Envelope/s:Header/a:Action"); } }

        public string RelayVia { get { return Text("/s:Envelope/s:Header/c:RelayVia"); } }

        /// One line, whatever line breaks it holds.
        public string Xml
        {
            get { return document.OuterXml.Replace("\r", "&#13;").Replace("\n", "&#10;"); }
        }

        /// The fault of the namespace of relays, as `Code: reason`; null when it is none.
        public string Fault
        {
            get
            {
                var value = document.SelectSingleNode("/s:Envelope/s:Body/s:Fault/s:Code/s:Value", names);
                if (value == null)
                    return null;
                var name = value.InnerText.Trim().Split(':');
                // The library compares the namespace of the code itself, not of a subcode.
                if (name.Length != 2 || value.GetNamespaceOfPrefix(name[0]) != Uris.Relay)
                    return "not of relays: " + Xml;
                return name[1] + ": " + Text("/s:Envelope/s:Body/s:Fault/s:Reason/s:Text[@xml:lang]");
            }
        }

        /// What an envelope OnewaySend wraps: its body is the bytes of another one and nothing else.
        public Envelope Wrapped()
        {
            if (Action != "OnewaySend" || RelayVia == "")
                throw new InvalidDataException("no message for a listener: " + Xml);
            var reader = Reader();
            reader.ReadToFollowing("Body", Uris.Soap);
            reader.ReadStartElement();
            return new Envelope(reader.ReadContentAsBase64());
        }

        public bool IsInvitation { get { return Action == Uris.RelayedConnect + "/RelayedConnect"; } }

        public Invitation Invitation()
        {
            var reader = Reader();
            reader.ReadToFollowing("Body", Uris.Soap);
            reader.ReadStartElement();
            return (Invitation)new DataContractSerializer(typeof(Invitation)).ReadObject(reader);
        }

        XmlDictionaryReader Reader()
        {
            return XmlDictionaryReader.CreateBinaryReader(bytes, 0, bytes.Length, StaticDictionary.Strings, Quotas);
        }

        /// The library's own for control messages. Relay page 0.
        static XmlDictionaryReaderQuotas Quotas
        {
            get { return new XmlDictionaryReaderQuotas { MaxArrayLength = 61440, MaxStringContentLength = 61440, MaxDepth = 32 }; }
        }

        string Text(string path)
        {
            var node = document.SelectSingleNode(path, names);
            return node == null ? "" : node.InnerText;
        }
    }

    public static class RelayMessages
    {
        static readonly MessageEncoder Encoder = new BinaryMessageEncodingBindingElement().CreateMessageEncoderFactory().Encoder;

        /// Without a token the sender is anonymous.
        public static byte[] RelayedConnect(string uri, string token)
        {
            var message = Message.CreateMessage(MessageVersion.Soap12WSAddressing10, "RelayedConnect", new Body("Connect", "Uri", uri));
            message.Headers.Add(MessageHeader.CreateHeader("TrackingId", Uris.Tracking, Guid.NewGuid().ToString()));
            if (token != null)
                message.Headers.Add(new TokenHeader(token));
            return Write(message);
        }

        public static byte[] RelayedAccept(string id)
        {
            var message = Message.CreateMessage(MessageVersion.Soap12WSAddressing10, "RelayedAccept", new Body("RelayedAccept", "Id", id));
            message.Headers.To = new Uri(Uris.Anonymous);
            return Write(message);
        }

        static byte[] Write(Message message)
        {
            var to = new MemoryStream();
            Encoder.WriteMessage(message, to);
            return to.ToArray();
        }

        /// One element with one member.
        sealed class Body : BodyWriter
        {
            readonly string name, member, text;

            public Body(string name, string member, string text) : base(true)
            {
                this.name = name;
                this.member = member;
                this.text = text;
            }

            protected override void OnWriteBodyContents(XmlDictionaryWriter writer)
            {
                writer.WriteStartElement("", name, Uris.Connect);
                writer.WriteXmlnsAttribute("i", Uris.Instance);
                writer.WriteElementString("", member, Uris.Connect, text);
                writer.WriteEndElement();
            }
        }

        sealed class TokenHeader : MessageHeader
        {
            readonly string token;

            public TokenHeader(string token) { this.token = token; }

            public override string Name { get { return "RelayAccessToken"; } }

            public override string Namespace { get { return Uris.Connect; } }

            protected override void OnWriteHeaderContents(XmlDictionaryWriter writer, MessageVersion version)
            {
                var bytes = Encoding.UTF8.GetBytes(token);
                writer.WriteStartElement("wsse", "BinarySecurityToken", Uris.Security);
                writer.WriteAttributeString("wsu", "Id", Uris.Utility, "uuid:" + Guid.NewGuid());
                writer.WriteAttributeString("ValueType", Uris.TokenType);
                writer.WriteAttributeString("EncodingType", Uris.Base64);
                writer.WriteBase64(bytes, 0, bytes.Length);
                writer.WriteEndElement();
            }
        }
    }

    /// The strings of [MC-NBFS], which Mono keeps to itself.
    static class StaticDictionary
    {
        public static readonly IXmlDictionary Strings = Find();

        static IXmlDictionary Find()
        {
            var constants = typeof(MessageEncoder).Assembly.GetType("System.ServiceModel.Constants", true);
            return (IXmlDictionary)constants.GetProperty("SoapDictionary", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).GetValue(null, null);
        }
    }
}
