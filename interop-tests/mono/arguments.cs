// The command line of the relay programs: `--name value` and `--flag`, in any order.
using System;
using System.Collections.Generic;

namespace Interop.Relay
{
    public sealed class Arguments
    {
        readonly Dictionary<string, string> values = new Dictionary<string, string>();
        readonly HashSet<string> flags = new HashSet<string>();

        public Arguments(string[] args, params string[] knownFlags)
        {
            var known = new HashSet<string>(knownFlags);
            for (int at = 0; at < args.Length; at++)
                if (known.Contains(args[at]))
                    flags.Add(args[at]);
                else if (args[at].StartsWith("--") && at + 1 < args.Length)
                    values[args[at]] = args[++at];
                else
                    throw new ArgumentException("what is " + args[at]);
        }

        public bool Has(string flag) { return flags.Contains(flag); }

        public string Text(string name, string otherwise = null)
        {
            string value;
            return values.TryGetValue(name, out value) ? value : otherwise;
        }

        public string Needed(string name)
        {
            var value = Text(name);
            if (value == null)
                throw new ArgumentException(name + " is missing");
            return value;
        }

        public int Number(string name, int otherwise)
        {
            var value = Text(name);
            return value == null ? otherwise : int.Parse(value);
        }
    }

    /// Lines of output, whole ones, whichever thread writes them.
    public static class Say
    {
        static readonly object lines = new object();

        public static void Line(string line)
        {
            lock (lines)
            {
                Console.Out.WriteLine(line);
                Console.Out.Flush();
            }
        }
    }
}
