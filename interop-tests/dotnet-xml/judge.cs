// .NET's own reader and writer of binary XML, as a program:
//
//     judge who                                                   whose they are
//     judge read STRINGS DOCUMENTS DUMPS                          reads documents, says what it saw
//     judge write STRINGS DOCUMENTS DUMPS SEED COUNT              makes documents, says what it sees when it reads them
//     judge speed STRINGS DOCUMENTS SECONDS names|text            reads documents over and over: speed.cs
//
// STRINGS: the static dictionary of SOAP, in order. DOCUMENTS and DUMPS: files.cs.

using System;
using System.IO;
using System.Text;
using System.Xml;

static class Judge
{
    static int Main(string[] args)
    {
        switch (args[0])
        {
            case "who":
                foreach (var type in new[] { typeof(XmlDictionaryReader), typeof(XmlDictionaryWriter) })
                    Console.WriteLine(type.Assembly.FullName + " in " + type.Assembly.Location);
                Console.WriteLine("version " + Environment.Version);
                Console.WriteLine("zone " + TimeZoneInfo.Local.BaseUtcOffset);
                return 0;
            case "read":
                Read(Files.Strings(args[1]), args[2], args[3]);
                return 0;
            case "write":
                Write(Files.Strings(args[1]), args[2], args[3], ulong.Parse(args[4]), int.Parse(args[5]));
                return 0;
            case "speed":
                Speed.Run(Files.Strings(args[1]), args[2], double.Parse(args[3]), args[4] == "text");
                return 0;
            default:
                return 2;
        }
    }

    static void Read(XmlDictionary strings, string documents, string dumps)
    {
        using (var output = new BinaryWriter(File.Create(dumps)))
        {
            XmlBinaryReaderSession session = null;
            foreach (var document in Files.Documents(documents))
            {
                if (document.Kind == Kind.NewSession) session = new XmlBinaryReaderSession();
                string dump;
                try
                {
                    dump = Infoset.Dump(document, strings, session);
                }
                catch (Exception error)
                {
                    dump = "refused: " + error.GetType().Name + ": " + error.Message + "\n";
                }
                Files.Put(output, Encoding.UTF8.GetBytes(dump));
            }
        }
    }

    static void Write(XmlDictionary strings, string documents, string dumps, ulong seed, int count)
    {
        using (var output = new BinaryWriter(File.Create(documents)))
        using (var said = new BinaryWriter(File.Create(dumps)))
        {
            var makers = new Makers(strings, seed);
            XmlBinaryReaderSession session = null;
            for (var number = 0; number < count; number++)
            {
                var document = makers.Next(number);
                output.Write((byte)document.Kind);
                Files.Put(output, document.Bytes);
                if (document.Kind == Kind.NewSession) session = new XmlBinaryReaderSession();
                Files.Put(said, Encoding.UTF8.GetBytes(Infoset.Dump(document, strings, session)));
            }
        }
    }
}
