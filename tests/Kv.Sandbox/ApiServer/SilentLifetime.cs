using Microsoft.Extensions.Hosting;

namespace Kv.Sandbox.ApiServer;

/// <summary>Leaves signals to whoever embeds a server: the process is theirs.</summary>
internal sealed class SilentLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
