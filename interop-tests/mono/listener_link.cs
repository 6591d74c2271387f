// The control link of a listener: AMQP from the headers of SASL to the close, one connection for one address.
// In the order in which Microsoft.ServiceBus.dll 2.7.5 does it (fixtures/relay/v2.7.5/e2e-nettcp/001-5671.c2s.bin).
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;

namespace Interop.Relay
{
    /// What a listener asks of its relay. Only what differs from the default is on the wire.
    public sealed class ListenerSettings
    {
        public string Host, Path, Token;
        /// RelayedConnection, RelayedHttp, Unicast, Multicast.
        public string ListenerType = "RelayedConnection";
        public bool IsDynamic = true;
        public bool RequiresTransportSecurity = true;
        public bool RequiresClientAuthentication = true;
        /// Set: the relay is listed in the public feed.
        public string DisplayName;

        public string Address { get { return "sb://" + Host + "/" + Path + "/"; } }

        internal Dictionary<object, object> Properties()
        {
            var map = new Dictionary<object, object>();
            Action<string, object> set = (name, value) => map[new Symbol("com.microsoft:" + name)] = value;
            if (Token != null)
                set("swt", Token);
            if (!RequiresTransportSecurity)
                set("transport-security-required", false);
            if (!RequiresClientAuthentication)
                set("client-authentication-required", false);
            if (DisplayName != null)
            {
                set("requires-public-registry", true);
                set("display-name", DisplayName);
            }
            set("client-agent", "interop-tests");
            set("dynamic-relay", IsDynamic);
            set("listener-type", ListenerType);
            return map;
        }
    }

    /// The gateway has refused or sent away the listener.
    public sealed class DetachedException : Exception
    {
        public DetachedException(string condition, string description) : base(condition + ": " + description) { }
    }

    /// A message from the gateway, to be accepted by ListenerLink.Accept.
    public sealed class Delivery
    {
        public uint Id;
        /// The section `data`: an envelope in binary XML without a session.
        public byte[] Envelope;
        public bool IsSettled;
    }

    public sealed class ListenerLink
    {
        const ulong Open = 0x10, Begin = 0x11, Attach = 0x12, Flow = 0x13, Transfer = 0x14, Disposition = 0x15, Detach = 0x16, End = 0x17, Close = 0x18;
        const ulong Mechanisms = 0x40, Init = 0x41, Outcome = 0x44;
        const ulong Accepted = 0x24, Source = 0x28, Target = 0x29, Error = 0x1d, Data = 0x75;
        const uint Out = 0, In = 1, Window = 5000, Credit = 1000, RenewedEvery = 100;

        readonly Stream stream;
        readonly ListenerSettings settings;
        readonly object writing = new object();
        readonly MemoryStream pieces = new MemoryStream();
        Delivery arriving;
        uint received, nextFrame;
        Timer keepAlive;

        /// Called for each message, in order, by the thread of Run. Nothing more is read while it works.
        public event Action<Delivery> Delivered;

        public ListenerLink(Stream stream, ListenerSettings settings)
        {
            this.stream = stream;
            this.settings = settings;
        }

        /// Registers; returns when both links are attached. A refusal is a DetachedException.
        public void Start()
        {
            Header(3);
            Expect(Mechanisms);
            Send(AmqpFrame.Sasl, Described.List(Init, new Symbol("EXTERNAL"), null, null));
            var outcome = Expect(Outcome).Field(0);
            if (Convert.ToInt32(outcome) != 0)
                throw new InvalidDataException("SASL outcome " + outcome);
            Header(0);
            var labels = settings.Host.Split(new[] { '.' }, 2);
            labels[0] += "-relay";
            Send(Described.List(Open, Guid.NewGuid().ToString(), string.Join(".", labels), 65536u, (ushort)10000));
            Send(Described.List(Begin, null, 1u, Window, Window));
            string stem = "HttpRelayServer_Link_" + Guid.NewGuid();
            SendAttach(stem + ":out", Out, false, null, settings.Address);
            SendAttach(stem + ":in", In, true, settings.Address, null);
            KeepAlive(Expect(Open).Field(4));
            nextFrame = (uint)Expect(Begin).Field(1);
            for (int attached = 0; attached < 2;)
            {
                // A link that is refused is attached without its ends; the reason follows in a detach. [AMQP 2.6.3]
                var performative = Next().Performative;
                if (performative.Code == Attach)
                    attached += performative.Field(5) != null && performative.Field(6) != null ? 1 : 0;
                else if (performative.Code != Flow)
                    throw Ended(performative);
            }
            SendCredit();
        }

        /// Takes messages until the link ends. An orderly end by the gateway is a DetachedException, too.
        public void Run()
        {
            while (true)
            {
                var frame = Next();
                switch (frame.Performative.Code)
                {
                    case Transfer: Take(frame); break;
                    case Flow:
                    case Disposition: break;
                    default: throw Ended(frame.Performative);
                }
            }
        }

        /// Tells the gateway that a message arrived.
        public void Accept(Delivery delivery)
        {
            if (!delivery.IsSettled)
                Send(Described.List(Disposition, true, delivery.Id, null, true, Described.List(Accepted)));
        }

        /// Leaves as the library does: detach of both links, end, close. The answers are not waited for.
        public void Stop()
        {
            Send(Described.List(Detach, Out, true));
            Send(Described.List(Detach, In, true));
            Send(Described.List(End));
            Send(Described.List(Close));
        }

        void Take(AmqpFrame frame)
        {
            var transfer = frame.Performative;
            nextFrame++;
            if (arriving == null)
                arriving = new Delivery { Id = (uint)transfer.Field(1), IsSettled = transfer.Field(4) as bool? == true };
            pieces.Write(frame.Payload, 0, frame.Payload.Length);
            if (transfer.Field(5) as bool? == true)
                return;
            var delivery = arriving;
            delivery.Envelope = OnlySection(pieces.ToArray());
            pieces.SetLength(0);
            arriving = null;
            if (++received % RenewedEvery == 0)
                SendCredit();
            var delivered = Delivered;
            if (delivered != null)
                delivered(delivery);
        }

        /// Nothing but one section `data` is read by the library. Relay page 2.4.
        static byte[] OnlySection(byte[] message)
        {
            var reader = new AmqpReader(message, 0);
            var section = reader.Read() as Described;
            if (section == null || section.Code != Data || !reader.IsAtEnd)
                throw new InvalidDataException("a message is more or less than one section of data");
            return (byte[])section.Value;
        }

        void SendAttach(string name, uint handle, bool receives, string source, string target)
        {
            Send(Described.List(Attach, name, handle, receives, null, null,
                Described.List(Source, source), Described.List(Target, target),
                null, null, receives ? null : (object)0u, null, null, null, settings.Properties()));
        }

        void SendCredit()
        {
            Send(Described.List(Flow, nextFrame, Window, 1u, Window, In, received, Credit));
        }

        /// An open with an idle time-out asks for signs of life. [AMQP 2.4.5]
        void KeepAlive(object idle)
        {
            if (idle == null)
                return;
            long every = Convert.ToInt64(idle) * 7 / 8;
            keepAlive = new Timer(_ =>
            {
                try { Send(null); }
                catch (IOException) { keepAlive.Dispose(); }
            }, null, every, every);
        }

        void Header(byte protocol)
        {
            var header = new byte[] { (byte)'A', (byte)'M', (byte)'Q', (byte)'P', protocol, 1, 0, 0 };
            Write(header);
            var answer = Exactly.Read(stream, header.Length);
            if (!answer.SequenceEqual(header))
                throw new InvalidDataException("the header " + BitConverter.ToString(answer));
        }

        Described Expect(ulong code)
        {
            var performative = Next().Performative;
            if (performative.Code != code)
                throw Ended(performative);
            return performative;
        }

        /// The next frame that is not empty.
        AmqpFrame Next()
        {
            while (true)
            {
                var frame = AmqpFrame.Read(stream);
                if (frame.Performative != null)
                    return frame;
            }
        }

        Exception Ended(Described performative)
        {
            int at = performative.Code == Detach ? 2 : performative.Code == End || performative.Code == Close ? 0 : -1;
            if (at < 0)
                return new InvalidDataException("the performative " + performative.Code.ToString("x2") + " out of turn");
            var error = performative.Field(at) as Described;
            return error != null && error.Code == Error
                ? new DetachedException(error.Field(0).ToString(), (string)error.Field(1))
                : new DetachedException("no error", "");
        }

        void Send(Described performative) { Send(AmqpFrame.Amqp, performative); }

        void Send(byte type, Described performative) { Write(AmqpFrame.Write(type, performative)); }

        void Write(byte[] bytes)
        {
            lock (writing)
            {
                stream.Write(bytes, 0, bytes.Length);
                stream.Flush();
            }
        }
    }
}
