// What .NET's reader sees in a document, a line for each node:
//
//     E prefix local namespace      an element, then its attributes and its declarations, each in order
//     A prefix local namespace value
//     X prefix namespace
//     T text                        one for each text record
//     C comment
//     /                             its end
//
// Parts are separated by tabs; \t, \n, \r and \\ are written so.

using System.Text;
using System.Xml;

static class Infoset
{
    const string Xmlns = "http://www.w3.org/2000/xmlns/";

    public static string Dump(Document document, XmlDictionary strings, XmlBinaryReaderSession session)
    {
        var at = document.Kind == Kind.Static ? 0 : Table(document.Bytes, session);
        var used = document.Kind == Kind.Static ? null : session;
        var quotas = XmlDictionaryReaderQuotas.Max;
        var size = document.Bytes.Length - at;
        using (var reader = XmlDictionaryReader.CreateBinaryReader(document.Bytes, at, size, strings, quotas, used))
        {
            var dump = new StringBuilder();
            while (reader.Read())
                Node(reader, dump);
            return dump.ToString();
        }
    }

    static void Node(XmlDictionaryReader reader, StringBuilder dump)
    {
        switch (reader.NodeType)
        {
            case XmlNodeType.Element:
                Line(dump, 'E', reader.Prefix, reader.LocalName, reader.NamespaceURI);
                var declarations = new StringBuilder();
                for (var more = reader.MoveToFirstAttribute(); more; more = reader.MoveToNextAttribute())
                {
                    if (reader.NamespaceURI != Xmlns)
                        Line(dump, 'A', reader.Prefix, reader.LocalName, reader.NamespaceURI, reader.Value);
                    else
                        Line(declarations, 'X', reader.Prefix == "" ? "" : reader.LocalName, reader.Value);
                }
                dump.Append(declarations);
                reader.MoveToElement();
                break;
            case XmlNodeType.EndElement:
                dump.Append("/\n");
                break;
            case XmlNodeType.Text:
            // Whether a blank text is called so depends on how its record is encoded, not on what it says.
            case XmlNodeType.Whitespace:
            case XmlNodeType.SignificantWhitespace:
                Line(dump, 'T', reader.Value);
                break;
            case XmlNodeType.Comment:
                Line(dump, 'C', reader.Value);
                break;
            default:
                Line(dump, '?', reader.NodeType.ToString());
                break;
        }
    }

    // Adds the strings in front of a document to the session; where the document begins.
    static int Table(byte[] bytes, XmlBinaryReaderSession session)
    {
        var at = 0;
        var size = Int31(bytes, ref at);
        var end = at + size;
        while (at < end)
        {
            var length = Int31(bytes, ref at);
            session.Add(Next(session), Encoding.UTF8.GetString(bytes, at, length));
            at += length;
        }
        return at;
    }

    // The id of the next string: the session does not tell how many it has.
    static int Next(XmlBinaryReaderSession session)
    {
        XmlDictionaryString known;
        var next = 0;
        while (session.TryLookup(next, out known)) next++;
        return next;
    }

    static int Int31(byte[] bytes, ref int at)
    {
        int value = 0, shift = 0;
        byte part;
        do
        {
            part = bytes[at++];
            value |= (part & 0x7f) << shift;
            shift += 7;
        } while (part >= 0x80);
        return value;
    }

    static void Line(StringBuilder dump, char kind, params string[] parts)
    {
        dump.Append(kind);
        foreach (var part in parts)
        {
            dump.Append('\t');
            foreach (var unit in part)
                switch (unit)
                {
                    case '\t': dump.Append("\\t"); break;
                    case '\n': dump.Append("\\n"); break;
                    case '\r': dump.Append("\\r"); break;
                    case '\\': dump.Append("\\\\"); break;
                    default: dump.Append(unit); break;
                }
        }
        dump.Append('\n');
    }
}
