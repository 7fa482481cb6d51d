using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Grpc.Core;

namespace Kv.Grpc.Wire;

/// <summary>How a status lies in headers: the code in decimal, the text in UTF-8 of which all but printable ASCII, and
/// the percent sign itself, is percent-encoded.</summary>
internal static class StatusText
{
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(letter => letter != '%')]);

    private static readonly string[] Codes =
        [.. Enumerable.Range(0, 17).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    public static string OfCode(StatusCode code)
    {
        int number = (int)code;
        return number >= 0 && number < Codes.Length ? Codes[number] : number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A code this version does not know is Unknown, as the specification asks.</summary>
    public static StatusCode ToCode(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < Codes.Length
            ? (StatusCode)number
            : StatusCode.Unknown;

    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Plain))
            return text;

        var encoded = new StringBuilder(text.Length + 16);
        foreach (byte unit in Encoding.UTF8.GetBytes(text))
        {
            if (Plain.Contains((char)unit))
                encoded.Append((char)unit);
            else
                encoded.Append('%').Append(unit.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }

    /// <summary>Never fails: what is not an encoding is taken as it stands.</summary>
    public static string Decode(string encoded)
    {
        if (!encoded.Contains('%'))
            return encoded;

        var units = new List<byte>(encoded.Length);
        for (int index = 0; index < encoded.Length; index++)
        {
            if (encoded[index] == '%' && TryUnit(encoded, index, out byte unit))
            {
                units.Add(unit);
                index += 2;
            }
            else
            {
                units.AddRange(Encoding.UTF8.GetBytes(encoded, index, 1));
            }
        }

        return Encoding.UTF8.GetString([.. units]);
    }

    [SuppressMessage("Globalization", "CA1305:Specify IFormatProvider", Justification = "Hexadecimal has no culture.")]
    private static bool TryUnit(string encoded, int index, out byte unit)
    {
        unit = 0;
        return index + 2 < encoded.Length
            && byte.TryParse(
                encoded.AsSpan(index + 1, 2),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out unit);
    }
}
