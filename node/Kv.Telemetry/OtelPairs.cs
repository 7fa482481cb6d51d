namespace Kv.Telemetry;

/// <summary>Lists of names and values as OpenTelemetry's variables have them: <c>name=value,name2=value2</c>, in which
/// letters that would be taken for commas and the like are written as in URLs (<c>%2C</c>).</summary>
internal static class OtelPairs
{
    private const string NameSigns = "!#$%&'*+-.^_`|~"; // RFC 9110 §5.6.2

    /// <summary>Faults name the place of a pair and not what is in it: it may be a secret.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(
        string variable, string text, Action<string> fault)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach ((int index, string pair) in text.Split(',').Index())
        {
            if (pair.Trim().Length == 0)
                continue;
            int equal = pair.IndexOf('=', StringComparison.Ordinal);
            string name = equal < 0 ? "" : Uri.UnescapeDataString(pair[..equal].Trim());
            if (name.Length == 0 || name.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter)))
                fault($"{variable}: number {index + 1} is not of the form name=value");
            else
                pairs.Add(new(name, Uri.UnescapeDataString(pair[(equal + 1)..].Trim())));
        }

        return pairs;
    }

    /// <summary>Judges what is to become headers of requests. The exporter puts the letters of URLs in place before it
    /// looks for commas, so that a value cannot have one.</summary>
    public static void CheckHeaders(string variable, string text, Action<string> fault)
    {
        foreach ((int index, (string name, string value)) in Read(variable, text, fault).Index())
        {
            bool isSound = name.All(letter => char.IsAsciiLetterOrDigit(letter) || NameSigns.Contains(letter))
                && value.All(letter => letter is >= ' ' and <= '~' and not ',');
            if (!isSound)
                fault($"{variable}: number {index + 1} cannot be a header");
        }
    }
}
