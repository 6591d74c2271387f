// The files by which documents and what was seen in them pass between this program and the test.
//
// A document: a byte that tells its kind, four bytes of length (low byte first), its bytes. A dump: length, UTF-8. Strings: the same as dumps.

using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Xml;

enum Kind : byte
{
    // Ids of the static dictionary alone.
    Static = 0,
    // A string table in front, [MC-NBFSE]; strings of earlier documents are known.
    Session = 1,
    // The same, the first of its session.
    NewSession = 2,
}

struct Document
{
    public Kind Kind;
    public byte[] Bytes;
}

static class Files
{
    public static IEnumerable<Document> Documents(string path)
    {
        using (var input = new BinaryReader(File.OpenRead(path)))
            while (input.BaseStream.Position < input.BaseStream.Length)
            {
                var kind = (Kind)input.ReadByte();
                yield return new Document { Kind = kind, Bytes = input.ReadBytes(input.ReadInt32()) };
            }
    }

    public static XmlDictionary Strings(string path)
    {
        var strings = new XmlDictionary();
        using (var input = new BinaryReader(File.OpenRead(path)))
            while (input.BaseStream.Position < input.BaseStream.Length)
                strings.Add(Encoding.UTF8.GetString(input.ReadBytes(input.ReadInt32())));
        return strings;
    }

    public static void Put(BinaryWriter output, byte[] bytes)
    {
        output.Write(bytes.Length);
        output.Write(bytes);
    }
}
