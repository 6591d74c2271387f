// Names, prefixes and namespaces: plain, of the static dictionary, of another dictionary.

using System.Xml;

// A string, and where it is of a dictionary that one.
sealed class Text
{
    public readonly string Value;
    public readonly XmlDictionaryString Dictionary;

    public Text(string value)
    {
        Value = value;
    }

    public Text(XmlDictionaryString dictionary)
    {
        Value = dictionary.Value;
        Dictionary = dictionary;
    }
}

sealed class Names
{
    readonly Dice dice;
    readonly XmlDictionary strings, others = new XmlDictionary();

    public Names(Dice dice, XmlDictionary strings)
    {
        this.dice = dice;
        this.strings = strings;
    }

    public Text Local()
    {
        switch (dice.Below(9))
        {
            case 0:
            case 1:
                // One of them is empty, which is no name.
                var found = Static();
                return found.Value == "" ? new Text("empty") : found;
            case 2:
            case 3: return Other("Operation" + dice.Below(60));
            case 4: return new Text(dice.Of("é", "名前", "\U00010000x", "_-.", "1a", "a b", "a<"));
            case 5: return new Text(new string('n', 1 + dice.Size() % 1000));
            // Equal to strings of the dictionaries, but plain.
            case 6: return new Text(dice.Of("Envelope", "Body", "Operation1"));
            default: return new Text("name" + dice.Below(30));
        }
    }

    public string Prefix()
    {
        switch (dice.Below(6))
        {
            case 0: return "";
            case 1: return dice.Of("A", "é", "ab", "d1p1", "prefix-" + dice.Below(4), "z0");
            default: return ((char)('a' + dice.Below(26))).ToString();
        }
    }

    // A namespace, for any prefix but the empty one or `null` not empty.
    public Text Namespace(string prefix)
    {
        if (string.IsNullOrEmpty(prefix) && dice.Once(3)) return new Text("");
        switch (dice.Below(5))
        {
            case 0:
                var found = Static();
                return found.Value == "" ? new Text("urn:empty") : found;
            case 1: return Other("http://schemas.example.net/" + dice.Below(40));
            case 2: return new Text("urn:" + new string('u', dice.Size() % 600));
            default: return new Text("urn:" + dice.Below(12));
        }
    }

    public Text Static()
    {
        XmlDictionaryString found;
        strings.TryLookup(dice.Below(487), out found);
        return new Text(found);
    }

    public Text Other(string value)
    {
        return new Text(others.Add(value));
    }
}
