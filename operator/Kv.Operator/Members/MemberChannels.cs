using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;

namespace Kv.Operator.Members;

/// <summary>Connections to members, kept between looks: one that was asked a second ago need not be greeted anew. What
/// has not been used for a while is closed.</summary>
public sealed class MemberChannels(TimeProvider clock) : IDisposable
{
    private const int AnswerMaxBytes = 64 * 1024;

    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<MemberEndpoint, Entry> _entries = new();
    private readonly TimeProvider _clock = clock;

    public CallInvoker For(MemberEndpoint member) => EntryOf(member).Channel.CreateCallInvoker();

    /// <summary>The version that a member says its cluster is of, which it tells over HTTP and in no call of its API.
    /// </summary>
    /// <returns>Empty if it does not say so, or not in time.</returns>
    public async Task<string> ClusterVersionAsync(MemberEndpoint member, TimeSpan limit, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(limit, _clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            byte[] answer = await EntryOf(member).Http.GetByteArrayAsync("/version", end.Token);
            using var json = JsonDocument.Parse(answer);
            return json.RootElement.TryGetProperty("etcdcluster", out JsonElement version)
                ? version.GetString() ?? ""
                : "";
        }
        catch (Exception fault) when (
            fault is HttpRequestException or JsonException or InvalidOperationException or ObjectDisposedException ||
            (fault is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return "";
        }
    }

    public void Dispose()
    {
        foreach (MemberEndpoint member in _entries.Keys)
            Close(member);
    }

    private Entry EntryOf(MemberEndpoint member)
    {
        CloseIdle();
        Entry entry = _entries.GetOrAdd(member, static each => Open(each));
        entry.UsedAt = _clock.GetTimestamp();
        return entry;
    }

    private void CloseIdle()
    {
        foreach ((MemberEndpoint member, Entry entry) in _entries)
        {
            if (entry.UsedAt != 0 && _clock.GetElapsedTime(entry.UsedAt) > IdleMax)
                Close(member);
        }
    }

    private void Close(MemberEndpoint member)
    {
        if (_entries.TryRemove(member, out Entry? entry))
            entry.Dispose();
    }

    private static Entry Open(MemberEndpoint member)
    {
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            ConnectTimeout = ConnectLimit,
            UseCookies = false,
            UseProxy = false,
        };
        Uri address = member.Address;
        if (member.Trust is { } trust)
        {
            // The certificate has to be for the host of the address, whatever host the options name. So the address is
            // that host, and where it is found is said here.
            address = new UriBuilder(address) { Host = member.Host }.Uri;
            handler.ConnectCallback = (_, cancelled) => ConnectAsync(member.Address, cancelled);
            handler.SslOptions = Tls(trust);
        }

        var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler });
        var http = new HttpClient(handler) { BaseAddress = address, MaxResponseContentBufferSize = AnswerMaxBytes };
        return new Entry(channel, http);
    }

    private static async ValueTask<Stream> ConnectAsync(Uri address, CancellationToken cancelled)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancelled);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SslClientAuthenticationOptions Tls(MemberTrust trust)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPem(trust.Authorities);
        return new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = policy,
            ClientCertificates = trust.Certificate.Length == 0
                ? null
                : [X509Certificate2.CreateFromPem(trust.Certificate, trust.Key)],
        };
    }

    /// <summary>Both by the same handler, which goes with the second.</summary>
    private sealed class Entry(GrpcChannel channel, HttpClient http) : IDisposable
    {
        private long _usedAt;

        public GrpcChannel Channel => channel;

        public HttpClient Http => http;

        public long UsedAt
        {
            get => Volatile.Read(ref _usedAt);
            set => Volatile.Write(ref _usedAt, value);
        }

        public void Dispose()
        {
            channel.Dispose();
            http.Dispose();
        }
    }
}
