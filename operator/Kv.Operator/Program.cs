using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Kv.Kubernetes.Configuration;
using Kv.Operator.Api;
using Kv.Operator.Hosting;
using Kv.Telemetry;
using Microsoft.Extensions.Logging;

namespace Kv.Operator;

/// <summary>The way in: <c>kv-operator [flags]</c> runs the operator, <c>kv-operator crds [folder]</c> writes the
/// custom resource definitions, <c>kv-operator probe URL</c> asks a running one how it is: an image has no other
/// program that could.</summary>
internal static class Program
{
    private const int ExitFailed = 1;
    private const int ExitRefused = 2;

    private static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["crds", .. string[] folder]:
                return WriteDefinitions(folder);
            case ["probe", string url]:
                return await HealthProbe.RunAsync(url, Console.Out, Console.Error);
            case ["--help" or "-h" or "help", ..]:
                Console.Out.Write(OperatorOptions.Help);
                return 0;
            default:
                return await RunAsync(arguments);
        }
    }

    private static int WriteDefinitions(string[] folder)
    {
        foreach ((string name, string text) in CrdFiles.All())
        {
            if (folder is [var path])
                File.WriteAllText(Path.Combine(path, name), text);
            else
                Console.Out.Write("---\n" + text);
        }

        return 0;
    }

    [SuppressMessage("Design", "CA1031", Justification = "The top of the process: whatever ended it is told.")]
    private static async Task<int> RunAsync(string[] arguments)
    {
        var options = OperatorOptions.Parse(
            arguments, Environment.GetEnvironmentVariable, out IReadOnlyList<string> faults);
        var telemetry = ReadTelemetry(out IReadOnlyList<string> wrongVariables);
        faults = [.. faults, .. wrongVariables];
        if (faults.Count > 0)
        {
            Console.Error.WriteLine(string.Join('\n', faults));
            Console.Error.Write(OperatorOptions.Help);
            return ExitRefused;
        }

        using ILoggerFactory loggers = LoggerFactory.Create(builder => _ = options.LogsJson
            ? builder.AddJsonConsole(console => console.UseUtcTimestamp = true)
            : builder.AddSimpleConsole(console => console.SingleLine = true));
        using var stopping = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stopping));
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stopping));
        try
        {
            KubernetesClientConfiguration configuration = options.KubeConfig.Length == 0
                ? KubernetesClientConfiguration.BuildDefaultConfig()
                : KubernetesClientConfiguration.BuildConfigFromConfigFile(options.KubeConfig);
            await new OperatorProcess(options, configuration, loggers) { Telemetry = telemetry }
                .RunAsync(stopping.Token);
            return 0;
        }
        catch (Exception failure)
        {
            Hosting.Log.Failed(loggers.CreateLogger("Kv.Operator"), failure.Message);
            return ExitFailed;
        }
    }

    private static TelemetrySettings ReadTelemetry(out IReadOnlyList<string> faults)
    {
        var found = new List<string>();
        var identity = new TelemetryIdentity(
            "kv-operator", typeof(Program).Assembly.GetName().Version?.ToString(3) ?? "", Environment.MachineName);
        var settings = new OtelVariables(Environment.GetEnvironmentVariable, found).Read(identity);
        faults = found;
        return settings;
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stopping)
    {
        signal.Cancel = true; // the process ends by itself, having put down what it holds
        stopping.Cancel();
    }
}
