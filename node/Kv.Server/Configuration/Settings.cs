using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

/// <summary>Where a setting was given; also says how a fault in it is put.</summary>
internal enum SettingOrigin
{
    CommandLine,
    Environment,
    File,
}

/// <summary>Something to tell the log once there is one.</summary>
public sealed record ConfigurationNotice(LogLevel Level, string Message, string Key = "", string Value = "");

/// <summary>What was given for each flag, and all that is wrong with it. Faults are gathered, never thrown: who
/// starts the server shall learn of all of them at once.</summary>
internal sealed class Settings
{
    private readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);
    private readonly HashSet<string> _faulty = new(StringComparer.Ordinal);

    public List<string> Faults { get; } = [];

    public List<ConfigurationNotice> Notices { get; } = [];

    public bool IsGiven(string name) => _given.ContainsKey(name);

    /// <summary>The same, if also by the name that the flag had before.</summary>
    public bool IsGivenByAnyName(string name) =>
        IsGiven(name) || (FlagTable.FormerOf(name) is { } former && IsGiven(former.Name));

    /// <summary>Whether a rule about all of these can be judged: a text that makes no sense breaks no rule.</summary>
    public bool AreSound(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (_faulty.Contains(name))
                return false;
        }

        return true;
    }

    /// <summary>Takes a text that was given, the last for a flag counts; or takes note of what is wrong with
    /// it.</summary>
    public void Give(Flag flag, string text, SettingOrigin origin, string? place = null)
    {
        if (FlagText.FaultIn(flag, text) is not { } fault)
        {
            _given[flag.Name] = text;
            return;
        }

        _faulty.Add(flag.Name);
        string shown = flag.IsSecret ? "..." : text;
        Faults.Add(origin switch
        {
            SettingOrigin.CommandLine when flag.Kind == FlagKind.Switch =>
                $"invalid boolean value \"{shown}\" for -{flag.Name}: {fault}",
            SettingOrigin.CommandLine => $"invalid value \"{shown}\" for flag -{flag.Name}: {fault}",
            SettingOrigin.Environment => $"invalid value \"{shown}\" for {flag.EnvironmentName}: {fault}",
            _ => $"{place}: invalid value \"{shown}\" for {flag.Name}: {fault}",
        });
    }

    /// <summary>Forgets what was given so far: a configuration file stands alone.</summary>
    public void Clear() => _given.Clear();

    public string Text(string name) =>
        _given.GetValueOrDefault(name)
        ?? (FlagTable.FormerOf(name) is { } former ? _given.GetValueOrDefault(former.Name) : null)
        ?? Row(name).Default;

    public bool Switch(string name) => FlagText.ToSwitch(Text(name));

    public long Integer(string name) => FlagText.ToInteger(Text(name));

    /// <summary>A number that is used as a count: whatever exceeds what an int holds is no limit at all.</summary>
    public int Count(string name) => (int)Math.Min(Integer(name), int.MaxValue);

    public TimeSpan Duration(string name) => FlagText.ToDuration(Text(name));

    public IReadOnlyList<NodeUrl> Urls(string name) => FlagText.ToUrls(Text(name));

    public IReadOnlyList<string> List(string name) => FlagText.ToList(Text(name));

    /// <summary>The flags that were given something other than their default.</summary>
    public IEnumerable<Flag> Changed() =>
        FlagTable.All.Where(flag =>
            _given.TryGetValue(flag.Name, out string? text) && !FlagText.AreEqual(flag, text, flag.Default));

    private static Flag Row(string name)
    {
        var flag = FlagTable.Find(name);
        Invariant.Require(flag is not null);
        return flag;
    }
}
