using System.Globalization;

namespace Kv.Server.Peers;

/// <summary>The part of a server's version by which peers judge whether they can work together.</summary>
internal readonly record struct PeerVersion(int Major, int Minor) : IComparable<PeerVersion>
{
    private const int Parts = 3;

    /// <summary>What a server has that does not say.</summary>
    public static PeerVersion Unspoken { get; } = new(2, 0);

    /// <summary>The oldest that this one works with.</summary>
    public static PeerVersion Oldest { get; } = new(3, 0);

    /// <summary>The first that had the streams of today.</summary>
    public static PeerVersion FirstWithStreams { get; } = new(2, 1);

    /// <summary>Reads <c>MAJOR.MINOR.PATCH</c>, also with <c>-rc.0</c> or <c>+git</c> behind it.</summary>
    public static bool TryParse(string text, out PeerVersion version)
    {
        version = default;
        int end = text.AsSpan().IndexOfAny('-', '+');
        string[] parts = (end < 0 ? text : text[..end]).Split('.');
        int[] numbers = new int[Parts];
        for (int at = 0; at < Parts; at++)
        {
            if (parts.Length != Parts
                || !int.TryParse(parts[at], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[at]))
            {
                return false;
            }
        }

        version = new PeerVersion(numbers[0], numbers[1]);
        return true;
    }

    /// <summary>The version of a cluster all of whose members are of this one.</summary>
    public Version ToCluster() => new(Major, Minor, 0);

    public int CompareTo(PeerVersion other) =>
        Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    public static bool operator <(PeerVersion left, PeerVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(PeerVersion left, PeerVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(PeerVersion left, PeerVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PeerVersion left, PeerVersion right) => left.CompareTo(right) >= 0;
}
