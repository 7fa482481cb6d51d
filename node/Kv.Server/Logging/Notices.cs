using System.Diagnostics.CodeAnalysis;
using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Logging;

/// <summary>Writes what was noticed while there was no log yet.</summary>
internal static class Notices
{
    [SuppressMessage("Performance", "CA1848", Justification = "The texts were made when the configuration was read.")]
    [SuppressMessage("Usage", "CA2254", Justification = "As above: these lines have no template.")]
    public static void WriteTo(ILogger log, IEnumerable<ConfigurationNotice> notices)
    {
        foreach (var notice in notices)
        {
            KeyValuePair<string, object?>[] fields =
                notice.Key.Length == 0 ? [] : [new(notice.Key, notice.Value)];
            log.Log(notice.Level, new EventId(0, "Configuration"), fields, null, (_, _) => notice.Message);
        }
    }
}
