using System.Diagnostics;
using System.Text.Json.Nodes;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Charts;

/// <summary>The real helm, with nothing of the machine's own settings.</summary>
internal sealed class Helm : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly TempDirectory _home = new();
    private readonly string? _kubeconfig;
    private readonly string _program;

    /// <param name="kubeconfig">How to reach a Kubernetes; null where none is needed.</param>
    /// <param name="program">Which of <see cref="Programs"/>.</param>
    public Helm(string? kubeconfig = null, string program = "helm")
    {
        _kubeconfig = kubeconfig;
        _program = program;
    }

    /// <summary>Of both versions that people have: 4, and 3.</summary>
    public static TheoryData<string> Programs => ["helm", "helm3"];

    /// <summary>Runs it; the test fails if it does.</summary>
    public Task<string> RunAsync(params string[] arguments) => Tool.RunAsync(Start(arguments), Patience);

    /// <summary>Runs it to see it fail; what it says.</summary>
    public async Task<string> FailAsync(params string[] arguments)
    {
        (int code, string output, string error) = await Tool.TryAsync(Start(arguments), Patience);
        Assert.True(code != 0, $"{_program} {string.Join(' ', arguments)} was to fail:\n{output}{error}");
        return output + error;
    }

    /// <summary>The objects that a chart makes of values.</summary>
    public async Task<IReadOnlyList<JsonObject>> RenderAsync(string chart, params string[] flags) =>
        YamlReader.Read(await RunAsync(["template", "rel", chart, "--namespace", "site", .. flags]));

    public void Dispose() => _home.Dispose();

    private ProcessStartInfo Start(string[] arguments)
    {
        string[] where = _kubeconfig is null ? [] : ["--kubeconfig", _kubeconfig];
        var start = new ProcessStartInfo(_program, [.. arguments, .. where]);
        foreach (string name in new[] { "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME" })
            start.Environment[name] = _home[name];
        start.Environment["KUBECONFIG"] = _kubeconfig ?? _home["none"];
        return start;
    }
}
