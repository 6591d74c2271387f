// A relayed connection of a sender or of an invited listener: preamble, TLS, one message each way, then bytes. Relay page 4.2, 4.3.
using System;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Threading;
using Mono.Security.X509;

namespace Interop.Relay
{
    /// One connection: a socket, and the stream in which to speak, which is TLS or the socket itself.
    public sealed class Line
    {
        readonly Socket socket;

        Line(Socket socket, Stream stream)
        {
            this.socket = socket;
            Stream = stream;
            socket.NoDelay = true;
        }

        public Stream Stream { get; private set; }

        /// A reset by this peer is no more than an end of what it says. Mono's service resets after a streamed reply, for it closes
        /// without having read the client's End.
        public bool EndsByReset;

        public static Line Connect(string host, int port)
        {
            return Accepted(new TcpClient(host, port).Client);
        }

        public static Line Accepted(Socket socket)
        {
            return new Line(socket, new NetworkStream(socket, true));
        }

        /// Trusts whom Mono trusts, and takes no other name.
        public void Secure(string name)
        {
            var tls = new SslStream(Stream, false);
            tls.AuthenticateAsClient(name, null, SslProtocols.Tls12, false);
            Stream = tls;
        }

        /// Adds an authority to those that this user trusts: XDG_CONFIG_HOME names the folder where they are kept.
        public static void Trust(string pemFile)
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("XDG_CONFIG_HOME")))
                throw new InvalidOperationException("XDG_CONFIG_HOME must name a folder of the test's own");
            X509StoreManager.NewCurrentUser.TrustedRoot.Import(new X509Certificate(File.ReadAllBytes(pemFile)));
        }

        /// Ends our direction; the other one goes on. Without a close_notify, which SslStream of the .NET Framework never sends, and which
        /// Mono's cannot send while another thread reads.
        void Finish()
        {
            try { socket.Shutdown(SocketShutdown.Send); }
            catch (SocketException) when (EndsByReset) { }
        }

        /// Cuts the connection, in both directions at once, as a peer does that has crashed.
        public void Cut()
        {
            try { socket.LingerState = new LingerOption(true, 0); }
            catch (ObjectDisposedException) { }
            socket.Close();
        }

        /// Copies both ways until both have ended; a line that breaks takes the other one with it.
        public static void Join(Line one, Line other)
        {
            var back = new Thread(() => Copy(other, one));
            back.Start();
            Copy(one, other);
            back.Join();
            one.Stream.Close();
            other.Stream.Close();
        }

        static void Copy(Line from, Line to)
        {
            try
            {
                var buffer = new byte[64 << 10];
                int read;
                while ((read = from.Read(buffer)) > 0)
                    to.Write(buffer, read);
                to.Finish();
            }
            catch (Exception)
            {
                from.Cut();
                to.Cut();
            }
        }

        int Read(byte[] buffer)
        {
            try { return Stream.Read(buffer, 0, buffer.Length); }
            catch (IOException) when (EndsByReset) { return 0; }
        }

        /// What comes behind a reset is read nevertheless, and nobody gets it.
        void Write(byte[] buffer, int count)
        {
            try
            {
                Stream.Write(buffer, 0, count);
                Stream.Flush();
            }
            catch (IOException) when (EndsByReset) { }
        }
    }

    public static class RelayedConnection
    {
        /// Sends preamble and message, and waits for the answer.
        public static Envelope Ask(Line line, string uri, string secureFor, byte[] message)
        {
            var to = new MemoryStream();
            Prefixed(to, Encoding.ASCII.GetBytes("connect"));
            Prefixed(to, Encoding.UTF8.GetBytes(uri));
            to.WriteByte(secureFor != null ? (byte)1 : (byte)0);
            to.WriteTo(line.Stream);
            if (secureFor != null)
                line.Secure(secureFor);
            to.SetLength(0);
            Prefixed(to, message);
            to.WriteTo(line.Stream);
            line.Stream.Flush();
            var length = BitConverter.ToInt32(Exactly.Read(line.Stream, 4), 0);
            // The library's own check. Relay page 4.3.
            if (length <= 0 || length > 65536)
                throw new InvalidDataException("a message of " + length + " bytes");
            return new Envelope(Exactly.Read(line.Stream, length));
        }

        static void Prefixed(Stream to, byte[] bytes)
        {
            to.Write(BitConverter.GetBytes(bytes.Length), 0, 4);
            to.Write(bytes, 0, bytes.Length);
        }
    }
}
