// How fast .NET's reader reads: all events of all documents, the names and values touched as they come.

using System;
using System.Diagnostics;
using System.Xml;
using System.Collections.Generic;

static class Speed
{
    public static void Run(XmlDictionary strings, string path, double seconds)
    {
        var documents = new List<byte[]>();
        foreach (var document in Files.Documents(path)) documents.Add(document.Bytes);

        var clock = Stopwatch.StartNew();
        var sum = 0L;
        while (clock.Elapsed.TotalSeconds < seconds) Pass(documents, strings, ref sum);
        for (var round = 0; round < 10; round++)
        {
            clock.Restart();
            var events = Pass(documents, strings, ref sum);
            var time = clock.Elapsed.TotalMilliseconds;
            Console.WriteLine("events " + events + " nanoseconds " + (long)(time * 1e6) + " sum " + sum);
        }
    }

    static long Pass(List<byte[]> documents, XmlDictionary strings, ref long sum)
    {
        var events = 0L;
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
                                sum += reader.LocalName.Length + reader.Value.Length;
                            }
                            break;
                        case XmlNodeType.Text:
                            sum += reader.Value.Length;
                            break;
                    }
                }
        return events;
    }
}
