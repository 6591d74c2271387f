// Numbers and strings that are the same for a seed on every machine.

using System;
using System.Text;

sealed class Dice
{
    ulong state;

    public Dice(ulong seed)
    {
        state = seed;
    }

    // SplitMix64.
    public ulong Bits()
    {
        state += 0x9e3779b97f4a7c15;
        var bits = state;
        bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
        bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
        return bits ^ (bits >> 31);
    }

    // From 0 to `end`, without it.
    public int Below(int end)
    {
        return (int)(Bits() % (ulong)end);
    }

    public bool Once(int times)
    {
        return Below(times) == 0;
    }

    public T Of<T>(params T[] choices)
    {
        return choices[Below(choices.Length)];
    }

    public byte[] Bytes(int size)
    {
        var bytes = new byte[size];
        for (var at = 0; at < size; at++) bytes[at] = (byte)Bits();
        return bytes;
    }

    // A number with any count of bits, so that small ones are as common as large ones.
    public long Long()
    {
        return (long)Bits() >> Below(64);
    }

    // Mostly short, sometimes around the sizes at which records and buffers change.
    public int Size()
    {
        switch (Below(40))
        {
            case 0: return Of(84, 85, 86, 127, 128, 169, 170, 171, 255, 256, 257);
            case 1: return Of(508, 509, 510, 511, 512, 513, 514, 1023, 1024, 1025);
            case 2: return Below(1500);
            case 3: return Once(20) ? Of(65533, 65534, 65535, 65536, 65537, 70000) : Below(300);
            default: return Below(24);
        }
    }

    // Characters of a kind each, also those that are allowed nowhere in XML text but are in .NET's binary form.
    public string Text(int units)
    {
        var text = new StringBuilder();
        var alphabet = Below(8);
        while (text.Length < units)
            switch (alphabet)
            {
                case 0: text.Append((char)Of(0x20, 0x09, 0x0a, 0x0d)); break;
                case 1: text.Append((char)(0xa0 + Below(0x700))); break;
                case 2: text.Append((char)(0x4e00 + Below(0x5000))); break;
                case 3: text.Append(char.ConvertFromUtf32(0x10000 + Below(0x100000))); break;
                case 4: text.Append(Mixed()); break;
                case 5: text.Append((char)('0' + Below(10))); break;
                default: text.Append((char)(0x20 + Below(0x5f))); break;
            }
        return text.ToString();
    }

    // The writer refuses a comment that XML has not.
    public string Comment()
    {
        return Text(Size()).Replace('-', '.');
    }

    string Mixed()
    {
        switch (Below(6))
        {
            case 0: return char.ConvertFromUtf32(0x1f300 + Below(0x200));
            case 1: return ((char)(0x20ac + Below(4))).ToString();
            case 2: return ((char)Of(0x01, 0x00, 0x1f, 0x7f, 0x85, 0x2028, 0xfeff, 0xfffe, 0xffff, 0xd7ff, 0xe000)).ToString();
            case 3: return ((char)(0xc0 + Below(64))).ToString();
            default: return ((char)(0x20 + Below(0x5f))).ToString();
        }
    }
}
