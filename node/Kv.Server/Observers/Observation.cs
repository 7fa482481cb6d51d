using Kv.Server.Metrics;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>Where a node tells what it does.</summary>
internal sealed record Observation(NodeMetrics Metrics, ILogger Log);
