using System.Globalization;
using System.Text;

namespace Kv.Server.Gateway;

/// <summary>Whole numbers as JSON may write them: <c>12</c>, <c>-3</c>, <c>1.0</c>, <c>12e3</c>,
/// <c>1.5e1</c>.</summary>
internal static class WholeNumber
{
    // Longer than any number of 64 bits is in any sensible form.
    private const int LettersMax = 64;
    private const int ExponentMax = 40;

    public static bool TryParse(ReadOnlySpan<byte> text, out Int128 number)
    {
        number = 0;
        if (text.IsEmpty || text.Length > LettersMax || !IsNumber(text))
            return false;

        string letters = Encoding.ASCII.GetString(text);
        int split = letters.IndexOfAny(['e', 'E']);
        int exponent = 0;
        if (split >= 0 && !TryExponent(letters[(split + 1)..], out exponent))
            return false;
        string mantissa = split < 0 ? letters : letters[..split];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string fraction = point < 0 ? "" : mantissa[(point + 1)..].TrimEnd('0');
        string digits = (point < 0 ? mantissa : mantissa[..point]) + fraction;
        int zeros = exponent - fraction.Length;
        if (zeros < 0)
        {
            // 120e-1 is whole, 12e-1 is not.
            int kept = digits.Length + zeros;
            if (kept < 1 || digits[kept..].Trim('0').Length > 0 || digits[..kept] is "-")
                return IsZero(digits);
            digits = digits[..kept];
        }
        else
        {
            digits += new string('0', zeros);
        }

        return IsZero(digits) || Int128.TryParse(
            digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    private static bool IsZero(string digits) => digits.TrimStart('-').Trim('0').Length == 0;

    private static bool TryExponent(string text, out int exponent) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
        && Math.Abs((long)exponent) <= ExponentMax;

    // A string that holds a number holds nothing else: no space, no plus before it.
    private static bool IsNumber(ReadOnlySpan<byte> text)
    {
        var scanner = new JsonScanner();
        bool isWhole = scanner.Read(text) == text.Length;
        scanner.End();
        return isWhole && scanner is { IsDone: true, Problem: null }
            && text[0] is (byte)'-' or (>= (byte)'0' and <= (byte)'9')
            && text[^1] is >= (byte)'0' and <= (byte)'9';
    }
}
