// Values of every type, in elements, attributes, lists and arrays.

using System;
using System.Xml;

sealed class Values
{
    readonly XmlDictionaryWriter writer;
    readonly Dice dice;
    readonly Names names;

    public Values(XmlDictionaryWriter writer, Dice dice, Names names)
    {
        this.writer = writer;
        this.dice = dice;
        this.names = names;
    }

    // One typed value, no value, some texts, or bytes.
    public void Attribute()
    {
        switch (dice.Below(8))
        {
            case 0: return;
            case 1:
            case 2: Typed(); return;
            case 3: List(); return;
            case 4: writer.WriteBase64(dice.Bytes(300), dice.Below(100), dice.Below(200)); return;
            case 5: writer.WriteString(names.Static().Dictionary); return;
            default:
                for (var count = 1 + dice.Below(3); count > 0; count--) Characters(false);
                return;
        }
    }

    public void Content()
    {
        switch (dice.Below(12))
        {
            case 0:
            case 1:
            case 2: Typed(); return;
            case 3: if (dice.Once(3)) List(); return;
            case 4: Bytes(); return;
            case 5: writer.WriteString(dice.Once(2) ? names.Static().Dictionary : names.Other("value" + dice.Below(50)).Dictionary); return;
            case 6: writer.WriteString(dice.Of("0", "1", "", " ", "true", "-0", "00", "\n  ")); return;
            default: Characters(true); return;
        }
    }

    // A CDATA section stands in content alone.
    void Characters(bool content)
    {
        var text = dice.Text(dice.Size());
        switch (dice.Below(8))
        {
            case 0:
                if (content) writer.WriteCData(text);
                else writer.WriteString(text);
                return;
            case 1: writer.WriteValue(text); return;
            case 2:
                var units = text.ToCharArray();
                writer.WriteChars(units, 0, units.Length);
                return;
            case 3: writer.WriteCharEntity((char)(0x20 + dice.Below(0x2000))); return;
            case 4: writer.WriteSurrogateCharEntity((char)(0xdc00 + dice.Below(0x400)), (char)(0xd800 + dice.Below(0x400))); return;
            case 5: writer.WriteWhitespace(new string(dice.Of(' ', '\n', '\t'), 1 + dice.Below(5))); return;
            default: writer.WriteString(text); return;
        }
    }

    void Bytes()
    {
        for (var calls = dice.Once(4) ? 3 : 1; calls > 0; calls--)
        {
            var bytes = dice.Bytes(dice.Size());
            writer.WriteBase64(bytes, 0, bytes.Length);
        }
    }

    void Typed()
    {
        switch (dice.Below(11))
        {
            case 0: writer.WriteValue(dice.Once(2)); return;
            case 1: writer.WriteValue((int)dice.Long()); return;
            case 2: writer.WriteValue(dice.Long()); return;
            case 3: writer.WriteValue((object)(ulong)(dice.Once(2) ? dice.Bits() : (ulong)dice.Below(300))); return;
            case 4: writer.WriteValue(Single()); return;
            case 5: writer.WriteValue(Double()); return;
            case 6: writer.WriteValue(Decimal()); return;
            case 7: writer.WriteValue(DateTime()); return;
            case 8: writer.WriteValue(new TimeSpan(dice.Long())); return;
            case 9: writer.WriteValue(new Guid(dice.Bytes(16))); return;
            default: writer.WriteValue(Id()); return;
        }
    }

    UniqueId Id()
    {
        switch (dice.Below(4))
        {
            case 0: return new UniqueId("urn:uuid:" + new Guid(dice.Bytes(16)));
            case 1: return new UniqueId("urn:uuid:" + new Guid(dice.Bytes(16)).ToString().ToUpperInvariant());
            case 2: return new UniqueId(dice.Of("urn:other", "urn:uuid:00000000-0000-0000-0000-000000000000", "uuid:1"));
            default: return new UniqueId(new Guid(dice.Bytes(16)));
        }
    }

    float Single()
    {
        switch (dice.Below(4))
        {
            case 0: return dice.Of(0f, -0f, 1f, 1.5f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, float.MaxValue, float.MinValue, 32767f, 32768f, -32768f, -32769f, 1e7f, 1e9f, 1e10f, 1e-4f, 1e-5f);
            case 1: return dice.Below(2000000) - 1000000;
            case 2: return dice.Below(100000) / 100f;
            default: return BitConverter.ToSingle(dice.Bytes(4), 0);
        }
    }

    double Double()
    {
        switch (dice.Below(6))
        {
            case 5: return Math.Pow(2, dice.Below(2098) - 1074);
            case 0: return dice.Of(0d, -0d, 1d, 0.1, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, double.MaxValue, double.MinValue, 1e15, 1e16, 1e17, 1e18, 1e-4, 1e-5, 9007199254740993d);
            case 1: return dice.Long();
            case 2: return dice.Below(1000000) / 1000d;
            case 3: return Single();
            default: return BitConverter.Int64BitsToDouble((long)dice.Bits());
        }
    }

    decimal Decimal()
    {
        if (dice.Once(4)) return dice.Of(0m, 1m, -1m, 0.00m, 1.50m, decimal.MaxValue, decimal.MinValue, new decimal(0, 0, 0, true, 5));
        return new decimal((int)dice.Long(), (int)dice.Long(), (int)dice.Long(), dice.Once(2), (byte)dice.Below(29));
    }

    DateTime DateTime()
    {
        var kind = dice.Of(DateTimeKind.Unspecified, DateTimeKind.Utc, DateTimeKind.Local);
        var ticks = (long)(dice.Bits() % 3155378976000000000UL);
        switch (dice.Below(5))
        {
            case 0: return new DateTime(dice.Of(0, 3155378975999999999L, 630822816000000000L), kind);
            case 1: return new DateTime(ticks - ticks % 10000000, kind);
            case 2: return new DateTime(ticks - ticks % 1000000, kind);
            default: return new DateTime(ticks, kind);
        }
    }

    // .NET reads its own bytes in a list as `System.Byte[]`, and no qualified name at all: neither is made here.
    void List()
    {
        var items = new object[dice.Below(5)];
        for (var at = 0; at < items.Length; at++)
            switch (dice.Below(12))
            {
                case 0: items[at] = dice.Once(2); break;
                case 1: items[at] = (int)dice.Long(); break;
                case 2: items[at] = dice.Long(); break;
                case 3: items[at] = Single(); break;
                case 4: items[at] = Double(); break;
                case 5: items[at] = Decimal(); break;
                case 6: items[at] = DateTime(); break;
                case 7: items[at] = new TimeSpan(dice.Long()); break;
                case 8: items[at] = new Guid(dice.Bytes(16)); break;
                case 9: items[at] = Id(); break;
                case 10: items[at] = names.Static().Dictionary; break;
                default: items[at] = dice.Text(dice.Below(20)); break;
            }
        writer.WriteValue(items);
    }

    public void QualifiedName(Text uri)
    {
        var local = names.Local();
        if (local.Dictionary != null && uri.Dictionary != null)
            writer.WriteQualifiedName(local.Dictionary, uri.Dictionary);
        else
            writer.WriteQualifiedName(local.Value, uri.Value);
    }

    public void Array(string prefix)
    {
        var local = names.Local();
        var uri = names.Namespace(prefix);
        var count = dice.Once(10) ? dice.Size() : dice.Below(5);
        if (local.Dictionary != null && uri.Dictionary != null) Array(prefix, local.Dictionary, uri.Dictionary, count);
        else Array(prefix, local.Value, uri.Value, count);
    }

    void Array(string prefix, string local, string uri, int count)
    {
        switch (dice.Below(10))
        {
            case 0: writer.WriteArray(prefix, local, uri, Of(count, () => dice.Once(2)), 0, count); return;
            case 1: writer.WriteArray(prefix, local, uri, Of(count, () => (short)dice.Long()), 0, count); return;
            case 2: writer.WriteArray(prefix, local, uri, Of(count, () => (int)dice.Long()), 0, count); return;
            case 3: writer.WriteArray(prefix, local, uri, Of(count, dice.Long), 0, count); return;
            case 4: writer.WriteArray(prefix, local, uri, Of(count, Single), 0, count); return;
            case 5: writer.WriteArray(prefix, local, uri, Of(count, Double), 0, count); return;
            case 6: writer.WriteArray(prefix, local, uri, Of(count, Decimal), 0, count); return;
            case 7: writer.WriteArray(prefix, local, uri, Of(count, DateTime), 0, count); return;
            case 8: writer.WriteArray(prefix, local, uri, Of(count, () => new TimeSpan(dice.Long())), 0, count); return;
            default: writer.WriteArray(prefix, local, uri, Of(count, () => new Guid(dice.Bytes(16))), 0, count); return;
        }
    }

    void Array(string prefix, XmlDictionaryString local, XmlDictionaryString uri, int count)
    {
        switch (dice.Below(10))
        {
            case 0: writer.WriteArray(prefix, local, uri, Of(count, () => dice.Once(2)), 0, count); return;
            case 1: writer.WriteArray(prefix, local, uri, Of(count, () => (short)dice.Long()), 0, count); return;
            case 2: writer.WriteArray(prefix, local, uri, Of(count, () => (int)dice.Long()), 0, count); return;
            case 3: writer.WriteArray(prefix, local, uri, Of(count, dice.Long), 0, count); return;
            case 4: writer.WriteArray(prefix, local, uri, Of(count, Single), 0, count); return;
            case 5: writer.WriteArray(prefix, local, uri, Of(count, Double), 0, count); return;
            case 6: writer.WriteArray(prefix, local, uri, Of(count, Decimal), 0, count); return;
            case 7: writer.WriteArray(prefix, local, uri, Of(count, DateTime), 0, count); return;
            case 8: writer.WriteArray(prefix, local, uri, Of(count, () => new TimeSpan(dice.Long())), 0, count); return;
            default: writer.WriteArray(prefix, local, uri, Of(count, () => new Guid(dice.Bytes(16))), 0, count); return;
        }
    }

    static T[] Of<T>(int count, Func<T> item)
    {
        var items = new T[count];
        for (var at = 0; at < count; at++) items[at] = item();
        return items;
    }
}
