// How fast .NET's reader reads: all events of all documents, a reader for each. It adds up the lengths of what it sees, the values among it or not.
//
// After `seconds` of that it says so, and then reads all once for each line that it gets, and says how many events it saw and the sum.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Xml;

static class Speed
{
    public static void Run(XmlDictionary strings, string path, double seconds, bool text)
    {
        var documents = new List<byte[]>();
        foreach (var document in Files.Documents(path)) documents.Add(document.Bytes);

        var clock = Stopwatch.StartNew();
        long events, sum;
        while (clock.Elapsed.TotalSeconds < seconds) Read(documents, strings, text, out events, out sum);
        Console.WriteLine("warm");
        while (Console.ReadLine() != null)
        {
            Read(documents, strings, text, out events, out sum);
            Console.WriteLine(events + " " + sum);
        }
    }

    static void Read(List<byte[]> documents, XmlDictionary strings, bool text, out long events, out long sum)
    {
        events = sum = 0;
        var quotas = XmlDictionaryReaderQuotas.Max;
        foreach (var document in documents)
            using (var reader = XmlDictionaryReader.CreateBinaryReader(document, 0, document.Length, strings, quotas, null))
                while (reader.Read())
                {
                    events++;
                    switch (reader.NodeType)
                    {
                        case XmlNodeType.Element:
                            sum += reader.LocalName.Length + reader.NamespaceURI.Length;
                            for (var more = reader.MoveToFirstAttribute(); more; more = reader.MoveToNextAttribute())
                            {
                                events++;
                                sum += reader.LocalName.Length;
                                if (text) sum += reader.Value.Length;
                            }
                            break;
                        case XmlNodeType.Text:
                            if (text) sum += reader.Value.Length;
                            break;
                    }
                }
    }
}
