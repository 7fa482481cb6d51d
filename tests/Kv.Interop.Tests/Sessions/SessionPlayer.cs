using System.Globalization;
using System.Text.RegularExpressions;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Sessions;

/// <summary>Plays a session with one etcdctl against one node, and returns a block of text for each command: what was
/// run, how it ended, what it said.</summary>
public sealed class SessionPlayer(
    string etcdctl, string endpoint, string folder, IReadOnlyDictionary<string, string>? known = null) : IDisposable
{
    private const string WatchersMetric = "etcd_debugging_mvcc_watcher_total";

    // An id of 16 hexadecimal digits has more in decimal.
    private const int DecimalDigitsMin = 17;

    private readonly Dictionary<string, string> _names =
        new(known ?? new Dictionary<string, string>(), StringComparer.Ordinal) { ["TMP"] = folder };

    private readonly Dictionary<string, RunningCommand> _running = new(StringComparer.Ordinal);
    private readonly List<string> _blocks = [];

    private IReadOnlyDictionary<string, string> Environment { get; } =
        new Dictionary<string, string> { ["ETCDCTL_API"] = "3" };

    public async Task<IReadOnlyList<string>> PlayAsync(IReadOnlyList<SessionStep> steps)
    {
        foreach (SessionStep step in steps)
            await PlayAsync(step);
        return _blocks;
    }

    public void Dispose()
    {
        foreach (RunningCommand command in _running.Values)
            command.Dispose();
    }

    private async Task PlayAsync(SessionStep step)
    {
        switch (step)
        {
            case SessionStep.Run run:
                await RunAsync(run);
                break;
            case SessionStep.Start start:
                _running[start.Name] = new RunningCommand(etcdctl, Words(start.Command), Environment);
                break;
            case SessionStep.Type type:
                await _running[type.Name].TypeAsync(Expand(type.Text));
                break;
            case SessionStep.Await wait:
                await _running[wait.Name].WaitForLinesAsync(wait.Lines);
                break;
            case SessionStep.Watchers watchers:
                string watched = watchers.Endpoint.Length > 0 ? Expand(watchers.Endpoint) : endpoint;
                await Metrics.WaitForAsync(new Uri("http://" + watched), WatchersMetric, watchers.Count);
                break;
            case SessionStep.End end:
                IReadOnlyList<string> lines = await _running[end.Name].EndAsync();
                AddBlock($"{step.Line}: ! {end.Name}", string.Join('\n', lines));
                break;
        }
    }

    private async Task RunAsync(SessionStep.Run step)
    {
        ProgramRun run = await ProgramRun.StartAsync(etcdctl, Words(step.Command), Expand(step.Input), Environment);
        if (step.Capture is not null)
        {
            Match match = Regex.Match(run.Output, step.Capture.Pattern);
            _names[step.Capture.Name] = match.Success ? match.Groups[1].Value : "nothing";
        }

        string text = $"exit {run.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "none in time"}\n{run.Output}"
            + $"--- errors\n{run.Errors}";
        AddBlock($"{step.Line}: $ {step.Command}", step.IsUnordered ? Sorted(Unexpand(text)) : text);
    }

    // What a line consists of, too: some are lists.
    private static string Sorted(string text) => string.Join('\n', SessionText.Plain(text)
        .Split(['\n', ',', '{', '}', '[', ']', '"'], StringSplitOptions.RemoveEmptyEntries)
        .Order(StringComparer.Ordinal));

    private void AddBlock(string title, string text) => _blocks.Add($"{title}\n{SessionText.Plain(Unexpand(text))}");

    // By a flag and not by a variable: etcdctl takes both for a contradiction.
    private IReadOnlyList<string> Words(string command)
    {
        IReadOnlyList<string> words = SessionScript.Words(Expand(command));
        bool isAddressed = words.Any(word => word.StartsWith("--endpoints=", StringComparison.Ordinal));
        return isAddressed ? words : ["--endpoints=" + endpoint, .. words];
    }

    private string Expand(string text)
    {
        foreach ((string name, string value) in _names)
            text = text.Replace($"${{{name}}}", value, StringComparison.Ordinal);
        return text;
    }

    // The output shows what the server chose under its name, in both forms that a number takes: lease ids are
    // hexadecimal in text and decimal in JSON.
    private string Unexpand(string text)
    {
        foreach ((string name, string value) in _names)
        {
            text = text.Replace(value, $"${{{name}}}", StringComparison.Ordinal);
            if (OtherForm(value) is { } other)
                text = Regex.Replace(text, $@"\b{other}\b", $"${{{name}}}");
        }

        return text;
    }

    private static string? OtherForm(string value)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        if (value.Length >= DecimalDigitsMin && ulong.TryParse(value, NumberStyles.None, invariant, out ulong dec))
            return dec.ToString("x16", invariant);
        return ulong.TryParse(value, NumberStyles.AllowHexSpecifier, invariant, out ulong hex)
            ? hex.ToString(invariant)
            : null;
    }
}
