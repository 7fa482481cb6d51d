using Etcdserverpb;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Server.Cli;

namespace Kv.Server.Snapshots;

/// <summary>A member that can be asked, and what it said of itself.</summary>
internal sealed class AskedMember(Uri endpoint, GrpcChannel channel, StatusResponse status) : IDisposable
{
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(10);

    /// <summary>So far may a member's applied entries lie behind what anybody knows to be committed.</summary>
    private const ulong LagMax = 1000;

    public Uri Endpoint => endpoint;

    public Maintenance.MaintenanceClient Maintenance { get; } = new(channel);

    public ulong ClusterId => status.Header.ClusterId;

    public ulong RaftIndex => status.RaftIndex;

    public bool IsLeader => status.Leader == status.Header.MemberId;

    public ulong AppliedIndex => status.RaftAppliedIndex;

    /// <summary>Null if it does not answer.</summary>
    public static async Task<AskedMember?> AskAsync(Uri endpoint, TakeOptions options, CancellationToken stop)
    {
        var channel = GrpcChannel.ForAddress(
            endpoint, new GrpcChannelOptions { Credentials = CredentialsOf(endpoint, options) });
        try
        {
            DateTime end = TimeProvider.System.GetUtcNow().UtcDateTime + LookLimit;
            var limit = new CallOptions(deadline: end, cancellationToken: stop);
            StatusResponse status =
                await new Maintenance.MaintenanceClient(channel).StatusAsync(new StatusRequest(), limit);
            return new AskedMember(endpoint, channel, status);
        }
        catch (RpcException) when (!stop.IsCancellationRequested)
        {
            channel.Dispose();
            return null;
        }
    }

    /// <summary>Why no snapshot is taken from it; null if one may.</summary>
    /// <param name="furthest">The highest index that any member knows to be committed.</param>
    public string? FaultFor(ulong furthest)
    {
        if (status.IsLearner)
            return "is a learner";
        if (status.Leader == 0)
            return "has no leader";
        string own = $"memberID:{status.Header.MemberId} alarm:CORRUPT";
        if (status.Errors.Any(error => error.Contains(own, StringComparison.Ordinal)))
            return "has the alarm CORRUPT";
        return AppliedIndex + LagMax < furthest ? $"is {furthest - AppliedIndex} entries behind" : null;
    }

    public void Dispose() => channel.Dispose();

    private static SslCredentials? CredentialsOf(Uri endpoint, TakeOptions options)
    {
        if (endpoint.Scheme != Uri.UriSchemeHttps)
            return null;
        KeyCertificatePair? own = (options.CertificateFile, options.KeyFile) switch
        {
            ({ } certificate, { } key) => new KeyCertificatePair(
                File.ReadAllText(certificate), File.ReadAllText(key)),
            (null, null) => null,
            _ => throw new CommandFailedException("--cert and --key are given together or not at all"),
        };
        string? roots = options.AuthorityFile is { } file ? File.ReadAllText(file) : null;
        return new SslCredentials(roots, own, verifyPeerCallback: null);
    }
}
