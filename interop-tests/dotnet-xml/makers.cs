// Makes documents by the calls of XmlDictionaryWriter, each kind of call in every place where it may stand.

using System;
using System.Collections.Generic;
using System.IO;
using System.Xml;

sealed class Makers
{
    readonly Dice dice;
    readonly Names names;
    readonly XmlDictionary strings;
    SentStrings session;

    public Makers(XmlDictionary strings, ulong seed)
    {
        this.strings = strings;
        dice = new Dice(seed);
        names = new Names(dice, strings);
    }

    // Document `number`: two of three belong to a session, which lasts for some documents.
    public Document Next(int number)
    {
        var kind = number % 3 == 0 ? Kind.Static : Kind.Session;
        if (kind == Kind.Session && (session == null || dice.Once(12)))
        {
            kind = Kind.NewSession;
            session = new SentStrings(dice.Of(2048, 2048, 2048, 200, 0));
        }
        var stream = new MemoryStream();
        using (var writer = XmlDictionaryWriter.CreateBinaryWriter(stream, strings, kind == Kind.Static ? null : session, false))
            new Maker(writer, dice, names).Document();
        var document = stream.ToArray();
        return new Document { Kind = kind, Bytes = kind == Kind.Static ? document : session.Message(document) };
    }
}

// One document.
sealed class Maker
{
    readonly XmlDictionaryWriter writer;
    readonly Dice dice;
    readonly Names names;
    readonly Values values;
    // Prefixes and what they stand for, innermost last.
    readonly List<KeyValuePair<string, string>> scope = new List<KeyValuePair<string, string>>();
    // How many elements there may still be.
    int left;

    public Maker(XmlDictionaryWriter writer, Dice dice, Names names)
    {
        this.writer = writer;
        this.dice = dice;
        this.names = names;
        values = new Values(writer, dice, names);
        left = dice.Once(4) ? 60 : 8;
    }

    public void Document()
    {
        if (dice.Once(3)) writer.WriteStartDocument();
        if (dice.Once(10)) writer.WriteComment(dice.Comment());
        Element(1, dice.Once(20) ? 30 : 6);
        if (dice.Once(10)) writer.WriteComment(dice.Comment());
        if (dice.Once(3)) writer.WriteEndDocument();
        writer.Flush();
    }

    void Element(int depth, int deepest)
    {
        left--;
        var outer = scope.Count;
        var own = new Dictionary<string, string>();
        var prefix = dice.Once(4) ? null : names.Prefix();
        var uri = names.Namespace(prefix);
        // What the prefix stood for must not be forgotten by a tag that has it for something else.
        if (prefix != null) own[prefix] = uri.Value;
        Start(prefix, names.Local(), uri);
        Tag(own, prefix == null);
        foreach (var declared in own) scope.Add(declared);
        Content(depth, deepest, prefix != null && prefix != "" ? uri : null);
        if (dice.Once(2)) writer.WriteEndElement();
        else writer.WriteFullEndElement();
        scope.RemoveRange(outer, scope.Count - outer);
    }

    void Start(string prefix, Text local, Text uri)
    {
        if (local.Dictionary != null && uri.Dictionary != null)
            writer.WriteStartElement(prefix, local.Dictionary, uri.Dictionary);
        else
            writer.WriteStartElement(prefix, local.Value, uri.Value);
    }

    // Attributes and declarations in any order.
    void Tag(Dictionary<string, string> own, bool anyDefault)
    {
        var used = new HashSet<string>();
        // A prefix that the writer invents may be one that a later call would declare: do not mix the two.
        var invent = dice.Once(4);
        for (var count = dice.Below(dice.Once(12) ? 20 : 4); count > 0; count--)
            if (dice.Once(3)) Declaration(own, anyDefault, invent);
            else if (dice.Once(10)) XmlAttribute(used);
            else Attribute(own, used, invent);
    }

    void Declaration(Dictionary<string, string> own, bool anyDefault, bool invent)
    {
        if (invent) return;
        var prefix = names.Prefix();
        if (prefix == "" && anyDefault) return;
        Text uri;
        string before;
        if (own.TryGetValue(prefix, out before)) uri = new Text(before);
        else if (dice.Once(4) && (before = InScope(prefix)) != null) uri = new Text(before);
        else uri = names.Namespace(prefix);
        if (prefix == "" && uri.Value == "" && own.ContainsKey("")) return;
        own[prefix] = uri.Value;
        if (prefix != "" && dice.Once(4)) writer.WriteAttributeString("xmlns", prefix, null, uri.Value);
        else if (uri.Dictionary != null) writer.WriteXmlnsAttribute(prefix, uri.Dictionary);
        else writer.WriteXmlnsAttribute(prefix, uri.Value);
    }

    string InScope(string prefix)
    {
        for (var at = scope.Count - 1; at >= 0; at--)
            if (scope[at].Key == prefix) return scope[at].Value;
        return null;
    }

    void XmlAttribute(HashSet<string> used)
    {
        if (dice.Once(2) && used.Add("xml lang"))
        {
            if (dice.Once(2)) writer.WriteXmlAttribute("lang", dice.Of("en", "", "de-CH"));
            else writer.WriteAttributeString("xml", "lang", null, "en");
        }
        else if (used.Add("xml space"))
            writer.WriteXmlAttribute("space", dice.Of("preserve", "default"));
    }

    void Attribute(Dictionary<string, string> own, HashSet<string> used, bool invent)
    {
        var local = names.Local();
        string prefix = null, before;
        Text uri;
        if (invent)
            uri = names.Namespace(null);
        else
        {
            prefix = names.Prefix();
            if (prefix == "") uri = new Text("");
            else if (own.TryGetValue(prefix, out before)) uri = new Text(before);
            else uri = dice.Once(2) && (before = InScope(prefix)) != null ? new Text(before) : names.Namespace(prefix);
        }
        if (local.Value == "xmlns" || !used.Add(local.Value + " " + uri.Value)) return;
        if (!string.IsNullOrEmpty(prefix)) own[prefix] = uri.Value;
        if (local.Dictionary != null && uri.Dictionary != null)
            writer.WriteStartAttribute(prefix, local.Dictionary, uri.Dictionary);
        else
            writer.WriteStartAttribute(prefix, local.Value, uri.Value);
        values.Attribute();
        writer.WriteEndAttribute();
    }

    void Content(int depth, int deepest, Text own)
    {
        var pieces = dice.Below(dice.Once(8) ? 12 : 3);
        if (depth == 1) pieces += 3;
        for (; pieces > 0; pieces--)
            switch (dice.Below(8))
            {
                case 0:
                case 1:
                case 2:
                    if (depth < deepest && left > 0) Element(depth + 1, deepest);
                    break;
                case 3:
                    if (dice.Once(2)) writer.WriteComment(dice.Comment());
                    break;
                case 4:
                    if (dice.Once(2)) values.Array(names.Prefix());
                    break;
                case 5:
                    if (own != null) values.QualifiedName(own);
                    break;
                default:
                    values.Content();
                    break;
            }
    }
}
