using System.Globalization;

namespace Kv.Operator.Snapshots;

/// <summary>One field of a cron schedule: which of its values it names, as bits.</summary>
/// <param name="IsAny">Whether it begins with a star, and so does not restrict by itself.</param>
internal readonly record struct CronField(ulong Bits, bool IsAny)
{
    public bool Has(int value) => (Bits & (1UL << value)) != 0;

    /// <param name="text">Items by commas: a star, a value, or a range, each perhaps with a step.</param>
    /// <param name="names">What values from <paramref name="minimum"/> on may be called; none if null.</param>
    /// <exception cref="FormatException">It says what is wrong, in words for people.</exception>
    public static CronField Parse(string what, string text, int minimum, int maximum, string[]? names = null)
    {
        ulong bits = 0;
        foreach (string item in text.Split(','))
        {
            string[] parts = item.Split('/');
            (int from, int to) = RangeOf(parts[0]);
            int step = 1;
            if (parts.Length == 2)
            {
                step = NumberOf(parts[1]);
                to = parts[0].Contains('-', StringComparison.Ordinal) || parts[0] == "*" ? to : maximum;
            }

            if (parts.Length > 2 || step == 0 || from > to)
                throw Bad(item);
            for (int value = from; value <= to; value += step)
                bits |= 1UL << value;
        }

        return new CronField(bits, text.StartsWith('*'));

        (int From, int To) RangeOf(string range)
        {
            if (range == "*")
                return (minimum, maximum);
            string[] ends = range.Split('-');
            int first = ValueOf(ends[0]);
            return ends.Length switch
            {
                1 => (first, first),
                2 => (first, ValueOf(ends[1])),
                _ => throw Bad(range),
            };
        }

        int ValueOf(string word)
        {
            int index = names is null
                ? -1
                : Array.FindIndex(names, name => name.Equals(word, StringComparison.OrdinalIgnoreCase));
            int value = index >= 0 ? minimum + index : NumberOf(word);
            return value >= minimum && value <= maximum ? value : throw Bad(word);
        }

        int NumberOf(string word) =>
            word.Length <= 3 && int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? number
                : throw Bad(word);

        FormatException Bad(string part) =>
            new($"'{part}' cannot be a {what}: a number from {minimum} to {maximum}, a range, or * is needed");
    }
}
