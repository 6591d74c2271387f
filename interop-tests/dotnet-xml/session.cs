// The strings that a writer sends in a session, bounded as WCF bounds them: a string that does not fit ends the table for good.

using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Xml;

sealed class SentStrings : XmlBinaryWriterSession
{
    readonly List<byte[]> added = new List<byte[]>();
    int left;

    public SentStrings(int size)
    {
        left = size;
    }

    public override bool TryAdd(XmlDictionaryString value, out int key)
    {
        var bytes = Encoding.UTF8.GetBytes(value.Value);
        var cost = bytes.Length + SizeOf(bytes.Length);
        if (cost > left)
        {
            left = 0;
            key = -1;
            return false;
        }
        if (!base.TryAdd(value, out key)) return false;
        left -= cost;
        added.Add(bytes);
        return true;
    }

    // The table of the strings that were added since the last one, and the document.
    public byte[] Message(byte[] document)
    {
        var message = new MemoryStream();
        var size = 0;
        foreach (var text in added) size += text.Length + SizeOf(text.Length);
        Int31(message, size);
        foreach (var text in added)
        {
            Int31(message, text.Length);
            message.Write(text, 0, text.Length);
        }
        added.Clear();
        message.Write(document, 0, document.Length);
        return message.ToArray();
    }

    static int SizeOf(int value)
    {
        var size = 1;
        while ((value >>= 7) > 0) size++;
        return size;
    }

    static void Int31(Stream output, int value)
    {
        while (value >= 0x80)
        {
            output.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }
        output.WriteByte((byte)value);
    }
}
