namespace Kv.Telemetry;

/// <summary>As whom a program exports, if its environment says nothing else.</summary>
/// <param name="Service">Becomes <c>service.name</c>.</param>
/// <param name="Version">Becomes <c>service.version</c>.</param>
/// <param name="Instance">Becomes <c>service.instance.id</c>; tells one process from the others of the
/// service.</param>
public sealed record TelemetryIdentity(string Service, string Version, string Instance);

/// <summary>Traces that were asked for by flags of the program. What is null was not given, so that a variable may say
/// it.</summary>
/// <param name="Address">"host:port" of a collector that takes OTLP by gRPC, in clear.</param>
/// <param name="Ratio">Of traces that begin here, from 0 to 1.</param>
public sealed record TracingFlags(string? Address, string? Service, string? Instance, double? Ratio)
{
    /// <summary>Where to, if neither flag nor variable says so.</summary>
    public const string DefaultAddress = "localhost:4317";
}
