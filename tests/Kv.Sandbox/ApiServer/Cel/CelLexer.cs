using System.Globalization;
using System.Text;

namespace Kv.Sandbox.ApiServer.Cel;

internal enum CelTokenKind
{
    End,
    Identifier,
    Literal,
    Symbol,
}

internal readonly record struct CelToken(CelTokenKind Kind, string Text, object? Value);

/// <summary>Cuts an expression into its words.</summary>
internal sealed class CelLexer(string text)
{
    private static readonly string[] Pairs = ["==", "!=", "<=", ">=", "&&", "||"];

    private int _at;

    /// <exception cref="CelException">A character has no place in CEL.</exception>
    public List<CelToken> ReadAll()
    {
        List<CelToken> tokens = [];
        while (SkipSpace())
            tokens.Add(Next());
        tokens.Add(new CelToken(CelTokenKind.End, "", Value: null));
        return tokens;
    }

    private bool SkipSpace()
    {
        while (_at < text.Length && (char.IsWhiteSpace(text[_at]) || IsComment()))
        {
            if (IsComment())
                _at = Math.Max(text.IndexOf('\n', _at), -1) is >= 0 and int end ? end : text.Length;
            else
                _at++;
        }

        return _at < text.Length;
    }

    private bool IsComment() => text.AsSpan(_at).StartsWith("//");

    private CelToken Next()
    {
        char first = text[_at];
        if (first is '"' or '\'')
            return ReadString(isRaw: false);
        if (first is 'r' or 'R' && _at + 1 < text.Length && text[_at + 1] is '"' or '\'')
        {
            _at++;
            return ReadString(isRaw: true);
        }

        if (char.IsAsciiDigit(first))
            return ReadNumber();
        if (char.IsAsciiLetter(first) || first == '_')
            return ReadWord();
        foreach (string pair in Pairs)
        {
            if (!text.AsSpan(_at).StartsWith(pair))
                continue;
            _at += pair.Length;
            return new CelToken(CelTokenKind.Symbol, pair, Value: null);
        }

        if (!"+-*/%<>!?:.,()[]{}".Contains(first, StringComparison.Ordinal))
            throw new CelException($"unexpected '{first}' at {_at}");
        _at++;
        return new CelToken(CelTokenKind.Symbol, first.ToString(), Value: null);
    }

    private CelToken ReadWord()
    {
        int start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_'))
            _at++;
        string word = text[start.._at];
        return word switch
        {
            "true" => new CelToken(CelTokenKind.Literal, word, Value: true),
            "false" => new CelToken(CelTokenKind.Literal, word, Value: false),
            "null" => new CelToken(CelTokenKind.Literal, word, Value: null),
            "in" => new CelToken(CelTokenKind.Symbol, word, Value: null),
            _ => new CelToken(CelTokenKind.Identifier, word, Value: null),
        };
    }

    private CelToken ReadNumber()
    {
        int start = _at;
        bool isReal = false;
        while (_at < text.Length)
        {
            bool isExponentSign = text[_at] is '+' or '-' && text[_at - 1] is 'e' or 'E';
            bool isPoint = text[_at] == '.' && _at + 1 < text.Length && char.IsAsciiDigit(text[_at + 1]);
            if (!char.IsAsciiDigit(text[_at]) && !isPoint && !isExponentSign && text[_at] is not ('e' or 'E'))
                break;
            isReal |= !char.IsAsciiDigit(text[_at]);
            _at++;
        }

        string digits = text[start.._at];
        if (_at < text.Length && text[_at] is 'u' or 'U')
            _at++;
        object value = isReal
            ? double.Parse(digits, CultureInfo.InvariantCulture)
            : long.TryParse(digits, CultureInfo.InvariantCulture, out long whole)
                ? whole
                : throw new CelException($"'{digits}' is out of range");
        return new CelToken(CelTokenKind.Literal, digits, value);
    }

    private CelToken ReadString(bool isRaw)
    {
        char quote = text[_at];
        string triple = new(quote, 3);
        string end = text.AsSpan(_at).StartsWith(triple) ? triple : quote.ToString();
        _at += end.Length;
        var value = new StringBuilder();
        while (!text.AsSpan(Math.Min(_at, text.Length)).StartsWith(end))
        {
            if (_at >= text.Length)
                throw new CelException("a string has no end");
            value.Append(text[_at] == '\\' && !isRaw ? ReadEscape() : text[_at++]);
        }

        _at += end.Length;
        return new CelToken(CelTokenKind.Literal, value.ToString(), value.ToString());
    }

    private char ReadEscape()
    {
        if (_at + 1 >= text.Length)
            throw new CelException("a string has no end");
        char letter = text[_at + 1];
        _at += 2;
        switch (letter)
        {
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case '\\' or '"' or '\'' or '`' or '?':
                return letter;
            case 'u' when _at + 4 <= text.Length:
                _at += 4;
                return (char)ushort.Parse(
                    text.AsSpan(_at - 4, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            default:
                throw new CelException($"unknown escape '\\{letter}'");
        }
    }
}
