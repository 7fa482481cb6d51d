using System.Globalization;
using Kv.Kubernetes.Json;

namespace Kv.Operator.Pages;

/// <summary>Values as people read them.</summary>
internal static class Shown
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>What stands where nothing is known; read out as a word.</summary>
    public static Markup Nothing { get; } = Markup.Of(
        $"""<span class="none">–<span class="unseen">not known</span></span>""");

    /// <summary>A moment in UTC. A script makes of it how long ago that is, and keeps this as its title.</summary>
    public static Markup Time(DateTime? time)
    {
        if (time is not { } given)
            return Nothing;
        var utc = DateTime.SpecifyKind(given, DateTimeKind.Utc);
        string exact = TimeConverter.ToText(utc);
        string readable = utc.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
        return Markup.Of($"""<time datetime="{exact}">{readable}</time>""");
    }

    public static Markup Text(string? text) => string.IsNullOrEmpty(text) ? Nothing : Markup.Of($"{text}");

    /// <summary>A name as it is written on a command line.</summary>
    public static Markup Code(string? text) =>
        string.IsNullOrEmpty(text) ? Nothing : Markup.Of($"<code>{text}</code>");

    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        for (; value >= 1024 && unit < Units.Length - 1; unit++)
            value /= 1024;
        string format = unit == 0 || value >= 100 ? "0" : "0.0";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    public static Markup YesOrNo(bool? answer, string yes, string no) => answer switch
    {
        true => Markup.Of($"""<span class="yes">{Signs.Good}{yes}</span>"""),
        false => Markup.Of($"""<span class="no">{Signs.Bad}{no}</span>"""),
        null => Nothing,
    };
}
