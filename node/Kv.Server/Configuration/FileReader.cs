using System.Globalization;
using Microsoft.Extensions.Logging;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Kv.Server.Configuration;

/// <summary>Reads a YAML file whose keys are the names of the flags. As in etcd's own files, lists may be written as
/// lists or with commas, and the TLS files stand in two sections.
/// <code>
/// name: m1
/// listen-client-urls: http://127.0.0.1:2379
/// log-outputs: [stderr, /var/log/node.log]
/// peer-transport-security:
///   cert-file: /etc/peer.crt          is --peer-cert-file
/// </code></summary>
internal sealed class FileReader(string path, Settings settings)
{
    // Keys of older etcd: it ignores them, so their files go on working.
    private static readonly HashSet<string> Obsolete = new(StringComparer.Ordinal)
    {
        "debug", "discovery-proxy", "enable-v2", "log-package-levels", "proxy", "proxy-dial-timeout",
        "proxy-failure-wait", "proxy-read-timeout", "proxy-refresh-interval", "proxy-write-timeout",
    };

    /// <summary>Takes all settings of the file whose text is <paramref name="yaml"/>.</summary>
    public void Read(string yaml)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException fault)
        {
            settings.Faults.Add($"{Place(fault.Start)}: {fault.Message}");
            return;
        }

        if (stream.Documents.Count == 0)
            return;
        if (stream.Documents[0].RootNode is YamlMappingNode root)
            ReadSection(root, "");
        else if (!IsNull(stream.Documents[0].RootNode))
            settings.Faults.Add($"{path}: expected keys and values");
    }

    private void ReadSection(YamlMappingNode section, string name)
    {
        foreach ((var keyNode, var valueNode) in section.Children)
        {
            string key = (keyNode as YamlScalarNode)?.Value ?? "";
            bool isSection = key is "client-transport-security" or "peer-transport-security" or "discovery-config";
            if (IsNull(valueNode))
                continue;
            if (name.Length == 0 && isSection && valueNode is YamlMappingNode nested)
                ReadSection(nested, key);
            else if (FlagTable.Find(FlagName(name, key)) is { State: not (FlagState.Removed or FlagState.Gone) } flag)
                Give(flag, valueNode);
            else if (Obsolete.Contains(key))
                settings.Notices.Add(new(LogLevel.Warning, "configuration key is obsolete and ignored", "key", key));
            else
                settings.Faults.Add(Unknown(keyNode, name, key));
        }
    }

    private void Give(Flag flag, YamlNode node)
    {
        string? text = node switch
        {
            YamlScalarNode scalar => scalar.Value,
            YamlSequenceNode list when list.All(item => item is YamlScalarNode) =>
                string.Join(',', list.Select(item => ((YamlScalarNode)item).Value)),
            _ => null,
        };
        if (text is null)
        {
            settings.Faults.Add($"{Place(node.Start)}: {flag.Name} must be a single value or a list");
            return;
        }

        // A bare number for a duration is nanoseconds: that is how Go's JSON reads it, so etcd's files hold it.
        bool isNanoseconds = flag.Kind == FlagKind.Duration &&
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
        settings.Give(flag, isNanoseconds ? text + "ns" : text, SettingOrigin.File, Place(node.Start));
    }

    private static string FlagName(string section, string key) => (section, key) switch
    {
        ("client-transport-security", "allowed-cn") => "client-cert-allowed-cn",
        ("client-transport-security", "allowed-hostname") => "client-cert-allowed-hostname",
        ("peer-transport-security", "allowed-cn") => "peer-cert-allowed-cn",
        ("peer-transport-security", "allowed-hostname") => "peer-cert-allowed-hostname",
        ("peer-transport-security", _) => $"peer-{key}",
        _ => key,
    };

    private string Unknown(YamlNode node, string section, string key)
    {
        string hint = FlagTable.Nearest(FlagName(section, key)) is { } nearest ? $" (is {nearest} meant?)" : "";
        return $"{Place(node.Start)}: unknown key \"{key}\"{hint}";
    }

    private string Place(Mark mark) => string.Create(CultureInfo.InvariantCulture, $"{path}:{mark.Line}");

    private static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };
}
