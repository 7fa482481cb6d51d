using System.Globalization;
using System.Text;

namespace Kv.Server.Gateway;

/// <summary>Finds where the first JSON value of a text ends, as the text comes in, in pieces of any size. What follows
/// it is not looked at. No byte is looked at twice and nothing recurses, so neither a body that comes drop by drop
/// nor one that is nested without end costs more than its length.
/// <para>Problems are told in the words of Go's <c>encoding/json</c>, which reads the bodies in etcd.</para></summary>
internal sealed class JsonScanner
{
    /// <summary>How deep arrays and objects may be nested, as in Go.</summary>
    private const int DepthMax = 10_000;

    private const byte Quote = (byte)'"';
    private const byte Backslash = (byte)'\\';

    // Of each array or object that is open: whether it is an object.
    private readonly Stack<bool> _open = new();
    private Expected _next = Expected.Value;
    private string _word = "";
    private int _position; // within a word, or within the digits of \u
    private bool _isKey;

    private enum Expected
    {
        Value,
        ValueOrEnd,
        Key,
        KeyOrEnd,
        Colon,
        MemberEnd,
        ElementEnd,
        Text,
        Escape,
        UnicodeDigit,
        Word,
        IntegerStart,
        IntegerEnd,
        Integer,
        FractionStart,
        Fraction,
        ExponentSign,
        ExponentStart,
        Exponent,
        Nothing,
    }

    /// <summary>Whether anything but white space has come.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Whether the value is whole.</summary>
    public bool IsDone => _next == Expected.Nothing && Problem is null;

    /// <summary>Why it is no JSON; null as long as it may be.</summary>
    public string? Problem { get; private set; }

    private bool IsNumberWhole =>
        _next is Expected.IntegerEnd or Expected.Integer or Expected.Fraction or Expected.Exponent;

    /// <summary>Takes more of the text, up to the end of the value or to the first problem; returns how many bytes that
    /// were.</summary>
    public int Read(ReadOnlySpan<byte> text)
    {
        for (int index = 0; index < text.Length; index++)
        {
            byte letter = text[index];
            if (_next == Expected.Text && letter >= ' ' && letter != Quote && letter != Backslash)
                continue;
            if (IsNumberWhole && _open.Count == 0 && !IsInNumber(letter))
            {
                _next = Expected.Nothing; // the letter is not part of it
                return index;
            }

            Step(letter);
            if (IsDone || Problem is not null)
                return index + 1;
        }

        return text.Length;
    }

    /// <summary>Says that the text is over.</summary>
    public void End()
    {
        if (IsNumberWhole && _open.Count == 0)
            _next = Expected.Nothing;
        if (!IsDone && HasBegun)
            Problem ??= "unexpected EOF";
    }

    private void Step(byte letter)
    {
        if (letter is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' && IsBetweenTokens())
        {
            EndNumber();
            return;
        }

        HasBegun = true;
        switch (_next)
        {
            case Expected.Value or Expected.ValueOrEnd:
                BeginValue(letter);
                break;
            case Expected.Key or Expected.KeyOrEnd:
                BeginKey(letter);
                break;
            case Expected.Colon:
                Require(letter == ':', letter, "after object key", Expected.Value);
                break;
            case Expected.MemberEnd or Expected.ElementEnd:
                EndItem(letter);
                break;
            case Expected.Text or Expected.Escape or Expected.UnicodeDigit:
                StepText(letter);
                break;
            case Expected.Word:
                StepWord(letter);
                break;
            default:
                StepNumber(letter);
                break;
        }
    }

    private bool IsBetweenTokens() =>
        _next is Expected.Value or Expected.ValueOrEnd or Expected.Key or Expected.KeyOrEnd or Expected.Colon
            or Expected.MemberEnd or Expected.ElementEnd
        || IsNumberWhole;

    private void BeginValue(byte letter)
    {
        switch (letter)
        {
            case (byte)'{' or (byte)'[':
                Open(isObject: letter == '{');
                break;
            case (byte)']' when _next == Expected.ValueOrEnd:
                Close();
                break;
            case Quote:
                _isKey = false;
                _next = Expected.Text;
                break;
            case (byte)'t' or (byte)'f' or (byte)'n':
                _word = letter == 't' ? "true" : letter == 'f' ? "false" : "null";
                _position = 1;
                _next = Expected.Word;
                break;
            case (byte)'-':
                _next = Expected.IntegerStart;
                break;
            case (byte)'0':
                _next = Expected.IntegerEnd;
                break;
            case >= (byte)'1' and <= (byte)'9':
                _next = Expected.Integer;
                break;
            default:
                Fail(letter, "looking for beginning of value");
                break;
        }
    }

    private void BeginKey(byte letter)
    {
        if (letter == '}' && _next == Expected.KeyOrEnd)
        {
            Close();
            return;
        }

        _isKey = true;
        Require(letter == Quote, letter, "looking for beginning of object key string", Expected.Text);
    }

    private void Open(bool isObject)
    {
        if (_open.Count == DepthMax)
        {
            Problem = "exceeded max depth";
            return;
        }

        _open.Push(isObject);
        _next = isObject ? Expected.KeyOrEnd : Expected.ValueOrEnd;
    }

    private void Close()
    {
        _open.Pop();
        EndValue();
    }

    private void EndValue() =>
        _next = !_open.TryPeek(out bool isObject) ? Expected.Nothing
            : isObject ? Expected.MemberEnd : Expected.ElementEnd;

    private void EndItem(byte letter)
    {
        bool isObject = _open.Peek();
        if (letter == ',')
            _next = isObject ? Expected.Key : Expected.Value;
        else if (letter == (isObject ? '}' : ']'))
            Close();
        else
            Fail(letter, isObject ? "after object key:value pair" : "after array element");
    }

    private void StepText(byte letter)
    {
        switch (_next)
        {
            case Expected.UnicodeDigit:
                _position++;
                Require(
                    char.IsAsciiHexDigit((char)letter),
                    letter,
                    "in \\u hexadecimal character escape",
                    _position == 4 ? Expected.Text : Expected.UnicodeDigit);
                break;
            case Expected.Escape:
                _position = 0;
                Require(
                    "\"\\/bfnrtu".Contains((char)letter),
                    letter,
                    "in string escape code",
                    letter == 'u' ? Expected.UnicodeDigit : Expected.Text);
                break;
            default:
                if (letter == Quote && _isKey)
                    _next = Expected.Colon;
                else if (letter == Quote)
                    EndValue();
                else
                    Require(letter == Backslash, letter, "in string literal", Expected.Escape);
                break;
        }
    }

    private void StepWord(byte letter)
    {
        char wanted = _word[_position];
        _position++;
        Require(letter == wanted, letter, $"in literal {_word} (expecting '{wanted}')", Expected.Word);
        if (Problem is null && _position == _word.Length)
            EndValue();
    }

    private void StepNumber(byte letter)
    {
        bool isDigit = letter is >= (byte)'0' and <= (byte)'9';
        switch (_next)
        {
            case Expected.IntegerStart:
                Require(
                    isDigit, letter, "in numeric literal", letter == '0' ? Expected.IntegerEnd : Expected.Integer);
                break;
            case Expected.FractionStart:
                Require(isDigit, letter, "after decimal point in numeric literal", Expected.Fraction);
                break;
            case Expected.ExponentSign when letter is (byte)'+' or (byte)'-':
                _next = Expected.ExponentStart;
                break;
            case Expected.ExponentSign or Expected.ExponentStart:
                Require(isDigit, letter, "in exponent of numeric literal", Expected.Exponent);
                break;
            case Expected.Integer or Expected.Fraction or Expected.Exponent when isDigit:
                break;
            case Expected.Integer or Expected.IntegerEnd when letter == '.':
                _next = Expected.FractionStart;
                break;
            case Expected.Integer or Expected.IntegerEnd or Expected.Fraction when letter is (byte)'e' or (byte)'E':
                _next = Expected.ExponentSign;
                break;
            default:
                EndValue(); // only what holds the number can say whether the letter may follow
                EndItem(letter);
                break;
        }
    }

    private bool IsInNumber(byte letter) => letter switch
    {
        >= (byte)'0' and <= (byte)'9' => _next != Expected.IntegerEnd,
        (byte)'.' => _next is Expected.Integer or Expected.IntegerEnd,
        (byte)'e' or (byte)'E' => _next != Expected.Exponent,
        _ => false,
    };

    private void EndNumber()
    {
        if (IsNumberWhole)
            EndValue();
    }

    private void Require(bool isGood, byte letter, string where, Expected next)
    {
        _next = next;
        if (!isGood)
            Fail(letter, where);
    }

    private void Fail(byte letter, string where) => Problem = $"invalid character {Quoted(letter)} {where}";

    // As Go quotes a character; it takes a byte for the character of that number.
    private static string Quoted(byte letter) => letter switch
    {
        (byte)'\'' => @"'\''",
        (byte)'\\' => @"'\\'",
        (byte)'\a' => @"'\a'",
        (byte)'\b' => @"'\b'",
        (byte)'\f' => @"'\f'",
        (byte)'\n' => @"'\n'",
        (byte)'\r' => @"'\r'",
        (byte)'\t' => @"'\t'",
        (byte)'\v' => @"'\v'",
        < 0x20 or 0x7F => string.Create(CultureInfo.InvariantCulture, $@"'\x{letter:x2}'"),
        (>= 0x80 and <= 0xA0) or 0xAD => string.Create(CultureInfo.InvariantCulture, $@"'\u{(int)letter:x4}'"),
        _ => $"'{Encoding.Latin1.GetString([letter])}'",
    };
}
