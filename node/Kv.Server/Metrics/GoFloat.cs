using System.Globalization;

namespace Kv.Server.Metrics;

/// <summary>Numbers as Go writes them when asked for the shortest form, and so as etcd's metrics show them: the fewest
/// digits that read back as the same number, with an exponent if that is below -4 or at least 6, as in <c>20480</c>,
/// <c>1.70405436e+08</c>, <c>0.0001</c>, <c>+Inf</c>. (Where it prints whole numbers of other types, such as the counts
/// of buckets, there is never an exponent.)</summary>
internal static class GoFloat
{
    private const int ExponentMin = -4;
    private const int ExponentEnd = 6;

    public static string Format(double value)
    {
        if (double.IsNaN(value))
            return "NaN";
        if (double.IsInfinity(value))
            return value > 0 ? "+Inf" : "-Inf";
        if (value == 0)
            return "0";

        // 17 digits always suffice; the shortest that reads back comes from "R", in one of two notations.
        string text = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        string[] parts = text.Split('E');
        int shift = parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        int point = parts[0].IndexOf('.');
        string digits = parts[0].Replace(".", "");
        int leadingZeros = digits.Length - digits.TrimStart('0').Length;
        int exponent = (point < 0 ? parts[0].Length : point) - leadingZeros - 1 + shift;
        digits = digits.Trim('0');
        return (value < 0 ? "-" : "") + Place(digits, exponent);
    }

    /// <param name="digits">Without zeros at either end.</param>
    /// <param name="exponent">Of ten, for a point after the first digit.</param>
    private static string Place(string digits, int exponent)
    {
        if (exponent is < ExponentMin or >= ExponentEnd)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            string sign = exponent < 0 ? "-" : "+";
            return string.Create(
                CultureInfo.InvariantCulture, $"{digits[0]}{fraction}e{sign}{Math.Abs(exponent):00}");
        }

        if (exponent < 0)
            return "0." + new string('0', -exponent - 1) + digits;
        int whole = exponent + 1;
        return digits.Length <= whole ? digits.PadRight(whole, '0') : $"{digits[..whole]}.{digits[whole..]}";
    }
}
