// AMQP 1.0, as much of it as a listener of WCF Relay speaks: values and frames. [AMQP 1.6, 2.3]
//
// A value is a C# value of the same kind: null, bool, byte, ushort, uint, ulong, string, byte[], Symbol, Described, List<object>,
// Dictionary<object, object>. Other types of AMQP are never sent on such a link; one that comes ends the connection.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Interop.Relay
{
    /// A name out of a closed vocabulary. [AMQP 1.6.21]
    public struct Symbol
    {
        public readonly string Text;

        public Symbol(string text) { Text = text; }

        public override string ToString() { return Text; }
    }

    /// A value with a descriptor that is a number. [AMQP 1.2]
    public sealed class Described
    {
        public readonly ulong Code;
        public readonly object Value;

        public Described(ulong code, object value) { Code = code; Value = value; }

        /// A composite type; fields left out at the end are null.
        public static Described List(ulong code, params object[] fields)
        {
            return new Described(code, new List<object>(fields));
        }

        /// A field of a composite type, null when it was left out.
        public object Field(int index)
        {
            var fields = Value as List<object>;
            return fields != null && index < fields.Count ? fields[index] : null;
        }
    }

    /// Writes values in their shortest form, but for lists and maps that are longer than a few bytes.
    public static class AmqpWriter
    {
        public static byte[] Write(object value)
        {
            var to = new MemoryStream();
            Write(to, value);
            return to.ToArray();
        }

        static void Write(Stream to, object value)
        {
            if (value == null) to.WriteByte(0x40);
            else if (value is bool) to.WriteByte((bool)value ? (byte)0x41 : (byte)0x42);
            else if (value is byte) { to.WriteByte(0x50); to.WriteByte((byte)value); }
            else if (value is ushort) { to.WriteByte(0x60); Number(to, (ushort)value, 2); }
            else if (value is uint) Unsigned(to, (uint)value, 0x43, 0x52, 0x70, 4);
            else if (value is ulong) Unsigned(to, (ulong)value, 0x44, 0x53, 0x80, 8);
            else if (value is byte[]) Sized(to, (byte[])value, 0xa0, 0xb0);
            else if (value is string) Sized(to, Encoding.UTF8.GetBytes((string)value), 0xa1, 0xb1);
            else if (value is Symbol) Sized(to, Encoding.ASCII.GetBytes(((Symbol)value).Text), 0xa3, 0xb3);
            else if (value is Described)
            {
                to.WriteByte(0);
                Write(to, ((Described)value).Code);
                Write(to, ((Described)value).Value);
            }
            else if (value is List<object>) Items(to, (List<object>)value, 0xd0);
            else if (value is Dictionary<object, object>)
            {
                var flat = new List<object>();
                foreach (var entry in (Dictionary<object, object>)value)
                {
                    flat.Add(entry.Key);
                    flat.Add(entry.Value);
                }
                Items(to, flat, 0xd1);
            }
            else throw new ArgumentException("AMQP has no type for " + value.GetType());
        }

        static void Items(Stream to, List<object> items, byte code)
        {
            var body = new MemoryStream();
            foreach (var item in items)
                Write(body, item);
            to.WriteByte(code);
            Number(to, (ulong)body.Length + 4, 4);
            Number(to, (ulong)items.Count, 4);
            body.WriteTo(to);
        }

        static void Sized(Stream to, byte[] bytes, byte small, byte large)
        {
            bool isSmall = bytes.Length < 256;
            to.WriteByte(isSmall ? small : large);
            Number(to, (ulong)bytes.Length, isSmall ? 1 : 4);
            to.Write(bytes, 0, bytes.Length);
        }

        static void Unsigned(Stream to, ulong value, byte zero, byte small, byte large, int width)
        {
            if (value == 0) { to.WriteByte(zero); return; }
            to.WriteByte(value < 256 ? small : large);
            Number(to, value, value < 256 ? 1 : width);
        }

        internal static void Number(Stream to, ulong value, int width)
        {
            for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
                to.WriteByte((byte)(value >> shift));
        }
    }

    /// Reads values out of a buffer, one behind the other.
    public sealed class AmqpReader
    {
        readonly byte[] bytes;

        public AmqpReader(byte[] bytes, int at) { this.bytes = bytes; At = at; }

        /// Where the next value begins.
        public int At { get; private set; }

        public bool IsAtEnd { get { return At == bytes.Length; } }

        public object Read()
        {
            byte code = Byte();
            switch (code)
            {
                case 0x00: return new Described(Convert.ToUInt64(Read()), Read());
                case 0x40: return null;
                case 0x41: return true;
                case 0x42: return false;
                case 0x56: return Byte() != 0;
                case 0x50: return Byte();
                case 0x60: return (ushort)Number(2);
                case 0x43: return 0u;
                case 0x52: return (uint)Byte();
                case 0x70: return (uint)Number(4);
                case 0x44: return 0ul;
                case 0x53: return (ulong)Byte();
                case 0x80: return Number(8);
                case 0xa0: return Bytes(Byte());
                case 0xb0: return Bytes((int)Number(4));
                case 0xa1: return Encoding.UTF8.GetString(Bytes(Byte()));
                case 0xb1: return Encoding.UTF8.GetString(Bytes((int)Number(4)));
                case 0xa3: return new Symbol(Encoding.ASCII.GetString(Bytes(Byte())));
                case 0xb3: return new Symbol(Encoding.ASCII.GetString(Bytes((int)Number(4))));
                case 0x45: return new List<object>();
                case 0xc0: Byte(); return Items(Byte());
                case 0xd0: Number(4); return Items((int)Number(4));
                case 0xc1: Byte(); return Map(Byte());
                case 0xd1: Number(4); return Map((int)Number(4));
                case 0xe0: Byte(); return Array(Byte());
                case 0xf0: Number(4); return Array((int)Number(4));
                default: throw new InvalidDataException("AMQP type " + code.ToString("x2"));
            }
        }

        List<object> Items(int count)
        {
            var items = new List<object>();
            while (items.Count < count)
                items.Add(Read());
            return items;
        }

        Dictionary<object, object> Map(int count)
        {
            var map = new Dictionary<object, object>();
            for (; count > 0; count -= 2)
            {
                var key = Read();
                map[key] = Read();
            }
            return map;
        }

        /// Symbols alone come in arrays: the mechanisms of SASL.
        List<object> Array(int count)
        {
            byte code = Byte();
            if (code != 0xa3 && code != 0xb3)
                throw new InvalidDataException("AMQP array of type " + code.ToString("x2"));
            var items = new List<object>();
            while (items.Count < count)
                items.Add(new Symbol(Encoding.ASCII.GetString(Bytes(code == 0xa3 ? Byte() : (int)Number(4)))));
            return items;
        }

        byte Byte() { return bytes[At++]; }

        byte[] Bytes(int count)
        {
            var some = new byte[count];
            Buffer.BlockCopy(bytes, At, some, 0, count);
            At += count;
            return some;
        }

        ulong Number(int width)
        {
            ulong value = 0;
            while (width-- > 0)
                value = value << 8 | Byte();
            return value;
        }
    }

    /// One frame: a performative and what follows it. An empty frame has no performative. [AMQP 2.3]
    public sealed class AmqpFrame
    {
        public const byte Amqp = 0, Sasl = 1;

        public byte Type;
        public Described Performative;
        public byte[] Payload;

        public static byte[] Write(byte type, Described performative)
        {
            var body = performative == null ? new byte[0] : AmqpWriter.Write(performative);
            var to = new MemoryStream();
            AmqpWriter.Number(to, (ulong)body.Length + 8, 4);
            to.WriteByte(2);
            to.WriteByte(type);
            AmqpWriter.Number(to, 0, 2);
            to.Write(body, 0, body.Length);
            return to.ToArray();
        }

        /// The next frame; an end of the stream is an EndOfStreamException.
        public static AmqpFrame Read(Stream from)
        {
            var head = Exactly.Read(from, 8);
            int size = head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];
            if (size < 8 || size > 1 << 20 || head[4] < 2)
                throw new InvalidDataException("an AMQP frame of " + size + " bytes");
            var rest = Exactly.Read(from, size - 8);
            int at = head[4] * 4 - 8;
            var frame = new AmqpFrame { Type = head[5], Payload = new byte[0] };
            if (at == rest.Length)
                return frame;
            var reader = new AmqpReader(rest, at);
            frame.Performative = (Described)reader.Read();
            frame.Payload = new byte[rest.Length - reader.At];
            Buffer.BlockCopy(rest, reader.At, frame.Payload, 0, frame.Payload.Length);
            return frame;
        }
    }

    public static class Exactly
    {
        /// Reads so many bytes; an end of the stream before them is an EndOfStreamException.
        public static byte[] Read(Stream from, int count)
        {
            var bytes = new byte[count];
            for (int have = 0; have < count;)
            {
                int read = from.Read(bytes, have, count - have);
                if (read == 0)
                    throw new EndOfStreamException("the peer ended the connection");
                have += read;
            }
            return bytes;
        }
    }
}
