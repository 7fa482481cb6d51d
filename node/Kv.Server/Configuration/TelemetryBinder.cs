using Kv.Telemetry;

namespace Kv.Server.Configuration;

/// <summary>What is exported by OTLP: what etcd's flags for traces say, and the standard variables of OpenTelemetry. A
/// flag goes before a variable; a variable goes before what a flag is by default.</summary>
internal static class TelemetryBinder
{
    private const string Service = "kv-node";
    private const long OneMillion = 1_000_000;

    public static TelemetrySettings Bind(Settings settings, IReadOnlyDictionary<string, string> environment)
    {
        bool isEnabled = settings.Switch("enable-distributed-tracing");
        string service = isEnabled ? settings.Text("distributed-tracing-service-name") : Service;
        var identity = new TelemetryIdentity(service, ProductText.ServerVersion, settings.Text("name"));
        return new OtelVariables(name => environment.GetValueOrDefault(name), settings.Faults)
            .Read(identity, isEnabled ? Flags(settings) : null);
    }

    private static TracingFlags Flags(Settings settings)
    {
        const string Rate = "distributed-tracing-sampling-rate";
        long perMillion = settings.Integer(Rate);
        if (perMillion < 0)
            settings.Faults.Add("distributed tracing: tracing sampling rate must be positive");
        if (perMillion > OneMillion)
            settings.Faults.Add($"distributed tracing: tracing sampling rate must be less than {OneMillion}");

        return new TracingFlags(
            Given(settings, "distributed-tracing-address"),
            Given(settings, "distributed-tracing-service-name"),
            Given(settings, "distributed-tracing-instance-id"),
            settings.IsGivenByAnyName(Rate) ? (double)perMillion / OneMillion : null);
    }

    private static string? Given(Settings settings, string name) =>
        settings.IsGivenByAnyName(name) ? settings.Text(name) : null;
}
