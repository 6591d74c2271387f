// What stands between a relayed connection and an HTTP service on the side of the listener: sessions of message framing with envelopes in
// binary XML, as the listener of an HTTP binding takes them, become requests to the services of http_services.cs. Relay page 7.3 to 7.5.
// Envelopes are read and written by Mono's own binary XML, JSON by its own mapping.
//   http_host.exe RELAY WSDL PORT
// RELAY: the path of the relay, which the services do not have. WSDL: the file accounts.wsdl. PORT: 0 is any that is free. Prints "ready PORT"; connections to that port are relayed ones.
using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading;
using System.Xml;
using Interop.Relay;

namespace Interop.Http
{
    public static class HttpHost
    {
        const string Web = "http://schemas.microsoft.com/netservices/2009/05/servicebus/web";
        const string Body = "http://schemas.microsoft.com/netservices/2009/05/servicebus/body";
        const string Status = "http://schemas.microsoft.com/netservices/2009/05/servicebus/statuscode";

        static string relay;
        static int services;

        public static int Main(string[] args)
        {
            relay = "/" + args[0].Trim('/');
            HttpServices.Description = args[1];
            services = TwoFreePorts();
            HttpServices.Open(services);
            ServicePointManager.DefaultConnectionLimit = 100;
            var listener = new TcpListener(IPAddress.Loopback, int.Parse(args[2]));
            listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            listener.Start();
            Say.Line("ready " + ((IPEndPoint)listener.LocalEndpoint).Port);
            while (true)
            {
                var socket = listener.AcceptSocket();
                new Thread(() => Serve(socket)) { IsBackground = true }.Start();
            }
        }

        static int TwoFreePorts()
        {
            while (true)
            {
                var one = new TcpListener(IPAddress.Loopback, 0);
                one.Start();
                int port = ((IPEndPoint)one.LocalEndpoint).Port;
                try
                {
                    var other = new TcpListener(IPAddress.Loopback, port + 1);
                    other.Start();
                    other.Stop();
                    return port;
                }
                catch (SocketException) { }
                finally { one.Stop(); }
            }
        }

        /// One session after the other, each with a preamble of its own.
        static void Serve(Socket socket)
        {
            using (var stream = new NetworkStream(socket, true))
            {
                // One buffer for each direction: the same one cannot serve both.
                Stream from = new BufferedStream(stream, 64 << 10), to = new BufferedStream(stream, 64 << 10);
                try
                {
                    int sessions = 0;
                    while (Preamble(from))
                    {
                        to.WriteByte(0x0b);
                        to.Flush();
                        Say.Line("session " + ++sessions);
                        Request(from, to);
                    }
                }
                catch (Exception error)
                {
                    Say.Line("broken " + (error.GetType().Name + ": " + error.Message).Replace("\n", " "));
                    Console.Error.WriteLine(error);
                }
            }
        }

        /// Singleton, and binary without a session: nothing else is taken. False: the gateway has no more requests.
        static bool Preamble(Stream from)
        {
            int first = from.ReadByte();
            if (first < 0)
                return false;
            var head = Exactly.Read(from, 5);
            if (first != 0 || head[0] != 1 || head[1] != 0 || head[2] != 1 || head[3] != 1 || head[4] != 2)
                throw new InvalidDataException("no preamble: " + first + " " + BitConverter.ToString(head));
            var via = new Uri(Encoding.UTF8.GetString(Exactly.Read(from, Framed.Size(from))));
            if (via.Scheme != "sb" || !via.AbsolutePath.Equals(relay, StringComparison.OrdinalIgnoreCase))
                throw new InvalidDataException("the via " + via);
            var end = Exactly.Read(from, 4);
            if (end[0] != 3 || end[1] != 7 || end[2] != 0x0c || end[3] != 5)
                throw new InvalidDataException("no envelope behind the preamble: " + BitConverter.ToString(end));
            return true;
        }

        static void Request(Stream from, Stream to)
        {
            var chunks = new Framed.Reader(from);
            var reader = XmlDictionaryReader.CreateBinaryReader(chunks, StaticDictionary.Strings, XmlDictionaryReaderQuotas.Max);
            string method = "POST", address = null, format = null;
            var headers = new List<KeyValuePair<string, string>>();
            reader.ReadStartElement("Envelope", Uris.Soap);
            reader.ReadStartElement("Header", Uris.Soap);
            while (reader.MoveToContent() == XmlNodeType.Element)
            {
                string name = reader.LocalName, space = reader.NamespaceURI;
                var text = reader.ReadElementContentAsString();
                if (space == Uris.Addressing && name == "Action") method = text;
                else if (space == Body && name == "BodyFormat") format = text;
                else if (space == Web && name == "HttpAddress") address = text;
                else if (space == Web) headers.Add(new KeyValuePair<string, string>(name, text));
            }
            reader.ReadEndElement();
            var request = Ask(method, new Uri(address), headers);
            if (format != "Default")
            {
                request.SendChunked = true;
                request.AllowWriteStreamBuffering = false;
                using (var entity = request.GetRequestStream())
                    Entity(reader, format, entity);
            }
            else if (method != "GET" && method != "HEAD")
                request.ContentLength = 0;
            chunks.Finish();
            using (var answer = Answer(request))
                Reply(answer, format, to);
        }

        static HttpWebRequest Ask(string method, Uri address, List<KeyValuePair<string, string>> headers)
        {
            if (!address.AbsolutePath.StartsWith(relay + "/", StringComparison.OrdinalIgnoreCase))
                throw new InvalidDataException("the address " + address);
            var path = address.PathAndQuery.Substring(relay.Length);
            int port = path.StartsWith("/plain") ? services + 1 : services;
            var request = (HttpWebRequest)WebRequest.Create("http://localhost:" + port + path);
            request.Method = method;
            request.ServicePoint.Expect100Continue = false;
            request.Timeout = request.ReadWriteTimeout = 300000;
            foreach (var header in headers)
                if (header.Key == "Content-Type") request.ContentType = header.Value;
                else if (header.Key == "SOAPAction" || header.Key.StartsWith("X-")) request.Headers[header.Key] = header.Value;
            return request;
        }

        static HttpWebResponse Answer(HttpWebRequest request)
        {
            try { return (HttpWebResponse)request.GetResponse(); }
            catch (WebException error) when (error.Response != null) { return (HttpWebResponse)error.Response; }
        }

        /// The entity out of the body.
        static void Entity(XmlDictionaryReader reader, string format, Stream to)
        {
            reader.ReadStartElement("Body", Uris.Soap);
            if (format == "Xml")
            {
                var whole = new MemoryStream();
                using (var text = XmlWriter.Create(whole, new XmlWriterSettings { Encoding = new UTF8Encoding(false), CloseOutput = false }))
                    text.WriteNode(reader, false);
                whole.WriteTo(to);
                return;
            }
            var buffer = new byte[48 << 10];
            if (format == "Raw")
            {
                if (reader.MoveToContent() != XmlNodeType.Element || reader.LocalName != "Binary" || reader.NamespaceURI != "")
                    throw new InvalidDataException("no Binary: " + reader.Name);
                for (int read; (read = reader.ReadElementContentAsBase64(buffer, 0, buffer.Length)) > 0;)
                    to.Write(buffer, 0, read);
                return;
            }
            for (int read; (read = reader.ReadContentAsBase64(buffer, 0, buffer.Length)) > 0;)
                to.Write(buffer, 0, read);
        }

        static void Reply(HttpWebResponse answer, string asked, Stream stream)
        {
            bool wrapped = asked.StartsWith("Wrapped");
            var type = answer.ContentType ?? "";
            bool json = type.StartsWith("application/json");
            using (var from = answer.GetResponseStream())
            {
                int first = from.ReadByte();
                bool empty = first < 0;
                stream.WriteByte(5);
                var chunks = new Framed.Writer(stream);
                var writer = XmlDictionaryWriter.CreateBinaryWriter(chunks, StaticDictionary.Strings, null, false);
                writer.WriteStartElement("s", "Envelope", Uris.Soap);
                writer.WriteStartElement("s", "Header", Uris.Soap);
                // A wrapped reply carries no status, not even when it is a fault; nothing in reply is 202, whatever Mono's own HTTP says.
                if (!wrapped || empty)
                    writer.WriteElementString("StatusCode", Status, wrapped ? "202" : ((int)answer.StatusCode).ToString());
                if (!empty && !wrapped && !json && type != "")
                    writer.WriteElementString("Content-Type", Web, type);
                foreach (string name in answer.Headers)
                    if (name.StartsWith("X-"))
                        writer.WriteElementString(name, Web, answer.Headers[name]);
                if (!empty)
                    writer.WriteElementString("BodyFormat", Body, !wrapped ? json ? "Json" : "Raw"
                        : type.StartsWith("text/xml") ? "WrappedSoap11" : "WrappedSoap12");
                writer.WriteEndElement();
                writer.WriteStartElement("s", "Body", Uris.Soap);
                if (!empty && json)
                    Json(first, from, writer);
                else if (!empty)
                {
                    if (!wrapped)
                        writer.WriteStartElement("Binary", "");
                    var buffer = new byte[48 << 10];
                    buffer[0] = (byte)first;
                    for (int have = 1, read; have > 0; have = read)
                    {
                        writer.WriteBase64(buffer, 0, have);
                        writer.Flush();
                        read = from.Read(buffer, 0, buffer.Length);
                    }
                    if (!wrapped)
                        writer.WriteEndElement();
                }
                writer.WriteEndElement();
                writer.WriteEndElement();
                writer.Flush();
                chunks.Finish();
                stream.WriteByte(7);
                stream.Flush();
            }
        }

        /// JSON as XML, as Mono's own JSON reader tells it.
        static void Json(int first, Stream from, XmlDictionaryWriter writer)
        {
            var all = new MemoryStream();
            all.WriteByte((byte)first);
            from.CopyTo(all);
            var json = JsonReaderWriterFactory.CreateJsonReader(all.ToArray(), XmlDictionaryReaderQuotas.Max);
            json.MoveToContent();
            writer.WriteNode(json, false);
        }
    }

    /// Sizes and chunks of message framing. [MC-NMF 2.2.2, 2.2.4.4]
    static class Framed
    {
        public static int Size(Stream from)
        {
            int size = 0;
            for (int shift = 0; ; shift += 7)
            {
                int part = from.ReadByte();
                if (part < 0 || shift > 28)
                    throw new EndOfStreamException("a size ends early");
                size |= (part & 0x7f) << shift;
                if (part < 0x80)
                    return size;
            }
        }

        static void Write(Stream to, int size)
        {
            for (; size >= 0x80; size >>= 7)
                to.WriteByte((byte)(size | 0x80));
            to.WriteByte((byte)size);
        }

        /// The payload of an envelope in chunks.
        public sealed class Reader : OneWay
        {
            readonly Stream from;
            int left;
            bool over;

            public Reader(Stream from) { this.from = from; }

            public override bool CanRead { get { return true; } }

            public override int Read(byte[] buffer, int offset, int count)
            {
                if (left == 0 && !over)
                {
                    left = Size(from);
                    over = left == 0;
                }
                if (over || count == 0)
                    return 0;
                int read = from.Read(buffer, offset, Math.Min(count, left));
                if (read == 0)
                    throw new EndOfStreamException("a chunk ends early");
                left -= read;
                return read;
            }

            /// What is left of the envelope, and the End that has to follow.
            public void Finish()
            {
                var rest = new byte[4096];
                while (Read(rest, 0, rest.Length) > 0) { }
                int end = from.ReadByte();
                if (end != 7)
                    throw new InvalidDataException("no End behind the envelope: " + end);
            }
        }

        /// Writes an envelope in chunks of whatever sizes come.
        public sealed class Writer : OneWay
        {
            readonly Stream to;

            public Writer(Stream to) { this.to = to; }

            public override bool CanWrite { get { return true; } }

            public override void Write(byte[] buffer, int offset, int count)
            {
                if (count == 0)
                    return;
                Framed.Write(to, count);
                to.Write(buffer, offset, count);
            }

            public override void Flush() { to.Flush(); }

            public void Finish() { to.WriteByte(0); }
        }

        public abstract class OneWay : Stream
        {
            public override bool CanRead { get { return false; } }
            public override bool CanWrite { get { return false; } }
            public override bool CanSeek { get { return false; } }
            public override long Length { get { throw new NotSupportedException(); } }
            public override long Position { get { throw new NotSupportedException(); } set { throw new NotSupportedException(); } }
            public override long Seek(long offset, SeekOrigin origin) { throw new NotSupportedException(); }
            public override void SetLength(long value) { throw new NotSupportedException(); }
            public override int Read(byte[] buffer, int offset, int count) { throw new NotSupportedException(); }
            public override void Write(byte[] buffer, int offset, int count) { throw new NotSupportedException(); }
            public override void Flush() { }
        }
    }
}
