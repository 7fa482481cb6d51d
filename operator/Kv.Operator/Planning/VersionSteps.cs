using System.Text.RegularExpressions;

namespace Kv.Operator.Planning;

/// <summary>The versions of the node that this operator knows, and the steps between them. A newer minor version may
/// write what an older one does not understand, so members are taken up one minor version at a time, and back by one
/// only while the data is still of a version that the older one knows.</summary>
public static partial class VersionSteps
{
    /// <summary>What data is of whose member does not say so: members of 3.5 do not.</summary>
    private static readonly Version UnsaidData = new(3, 5, 0);

    /// <summary>Minor versions, the oldest first.</summary>
    public static IReadOnlyList<Version> Known { get; } = [new(3, 6), new(3, 7)];

    /// <summary>Null for what is no version of three numbers.</summary>
    public static Version? Parse(string? text) =>
        text is not null && Form().Match(text) is { Success: true } match &&
        Version.TryParse(match.Groups[1].Value, out Version? version)
            ? version
            : null;

    /// <summary>The version that an image names with its tag; null if it names none.</summary>
    public static Version? OfImage(string image)
    {
        string name = image.Split('@')[0];
        int colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? Parse(name[(colon + 1)..]) : null;
    }

    /// <summary>Whether two images name the same version, from wherever they are fetched.</summary>
    public static bool AreCalledSame(string one, string other) =>
        OfImage(one) is not null && OfImage(other) is not null && NameOf(one) == NameOf(other);

    /// <summary>What an image is called, as names of objects may have it: its tag, or the beginning of its digest.
    /// </summary>
    public static string NameOf(string image)
    {
        const int NameMax = 60;
        const int DigestMax = 12;
        string[] parts = image.Split('@');
        int colon = parts[0].LastIndexOf(':');
        string name = parts switch
        {
            _ when colon > parts[0].LastIndexOf('/') => parts[0][(colon + 1)..],
            [_, { } digest] => digest[(digest.IndexOf(':') + 1)..],
            _ => "latest",
        };
        if (parts.Length > 1 && OfImage(image) is null && name.Length > DigestMax)
            name = name[..DigestMax];
        string plain = NotInNames().Replace(name.ToLowerInvariant(), "-");
        string trimmed = plain[..Math.Min(NameMax, plain.Length)].Trim('-', '.');
        return OfImage(image) is not null ? trimmed.TrimStart('v') : trimmed.Length == 0 ? "image" : trimmed;
    }

    /// <summary>Why members that run one version are not taken to another; null if they may be.</summary>
    /// <param name="from">Of the oldest of them; null if nobody knows.</param>
    /// <param name="image">What they are to run.</param>
    /// <param name="data">What the data is of; null if they do not say so.</param>
    public static string? Refusal(Version? from, string image, Version? data)
    {
        if (OfImage(image) is not { } to)
            return $"The image {image} names no version such as 3.7.1 with its tag.";
        if (!Known.Any(known => IsOf(to, known)))
        {
            string known = string.Join(", ", Known.Select(each => each.ToString(fieldCount: 2)));
            return $"This operator knows the versions {known}, and not {to}.";
        }

        if (from is null || IsOf(to, from))
            return null;
        bool isNeighbour = to.Major == from.Major && Math.Abs(to.Minor - from.Minor) == 1;
        if (!isNeighbour)
            return $"From {from} to {to} is more than one minor version.";
        Version kept = data ?? UnsaidData;
        bool isTooOld = to.Major < kept.Major || (to.Major == kept.Major && to.Minor < kept.Minor);
        return isTooOld ? $"The data is of {kept} already, which {to} does not know." : null;
    }

    /// <summary>Whether a version is of a later minor version than another.</summary>
    internal static bool IsLater(Version version, Version other) =>
        version.Major > other.Major || (version.Major == other.Major && version.Minor > other.Minor);

    private static bool IsOf(Version version, Version minor) =>
        version.Major == minor.Major && version.Minor == minor.Minor;

    [GeneratedRegex(@"^v?([0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5})([-+][0-9A-Za-z.+_-]*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    /// <summary>Also a dot that is not between two letters or numbers.</summary>
    [GeneratedRegex(@"[^a-z0-9.]|(?<![a-z0-9])\.|\.(?![a-z0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex NotInNames();
}
