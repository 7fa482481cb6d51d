using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Sandbox.Json;
using Mvccpb;

namespace Kv.Sandbox.ApiServer.Storage;

/// <summary>Objects in a node, one key each, as kube-apiserver keeps them in etcd. A revision of the node is a
/// resource version: that of an object is the revision of its last change, that of a list the revision at which it was
/// read. Writes are transactions that compare the revision which the writer has seen.</summary>
internal sealed class ObjectStore : IDisposable
{
    private const int MessageBytesMax = 64 * 1024 * 1024;
    private const string CompactedText = "required revision has been compacted";

    private readonly GrpcChannel _channel;
    private readonly KV.KVClient _kv;
    private readonly Watch.WatchClient _watch;

    public ObjectStore(Uri node)
    {
        _channel = GrpcChannel.ForAddress(
            node, new GrpcChannelOptions { MaxReceiveMessageSize = MessageBytesMax });
        _kv = new KV.KVClient(_channel);
        _watch = new Watch.WatchClient(_channel);
    }

    public async Task<StoredObject?> GetAsync(string key, CancellationToken cancelled)
    {
        RangeResponse answer = await _kv.RangeAsync(
            new RangeRequest { Key = ByteString.CopyFromUtf8(key) }, cancellationToken: cancelled);
        return answer.Kvs.Count == 0 ? null : ToObject(answer.Kvs[0]);
    }

    /// <summary>Reads a page of what has a prefix.</summary>
    /// <param name="after">Only keys behind this one.</param>
    /// <param name="limit">Zero for all.</param>
    /// <param name="revision">Zero for the newest.</param>
    /// <exception cref="RevisionGoneException">That revision was compacted.</exception>
    public async Task<StoredList> ListAsync(
        string prefix, string? after, long limit, long revision, CancellationToken cancelled)
    {
        var request = new RangeRequest
        {
            Key = ByteString.CopyFromUtf8(after is null ? prefix : after + "\0"),
            RangeEnd = EndOf(prefix),
            Limit = limit,
            Revision = revision,
        };
        try
        {
            RangeResponse answer = await _kv.RangeAsync(request, cancellationToken: cancelled);
            long at = revision > 0 ? revision : answer.Header.Revision;
            return new StoredList([.. answer.Kvs.Select(ToObject)], at, answer.Count - answer.Kvs.Count);
        }
        catch (RpcException fault) when (fault.Status.Detail.Contains(CompactedText, StringComparison.Ordinal))
        {
            throw new RevisionGoneException(oldest: 0);
        }
    }

    /// <summary>The newest revision of the store.</summary>
    public async Task<long> GetRevisionAsync(CancellationToken cancelled)
    {
        RangeResponse answer = await _kv.RangeAsync(
            new RangeRequest { Key = ByteString.CopyFromUtf8("/"), CountOnly = true }, cancellationToken: cancelled);
        return answer.Header.Revision;
    }

    /// <summary>Writes an object if it has not changed since; null if it has. Zero stands for an object that is not
    /// there.</summary>
    public async Task<StoredObject?> TryPutAsync(
        string key, JsonObject value, long expected, CancellationToken cancelled)
    {
        JsonObject copy = value.Copy();
        copy.Map("metadata")?.Remove("resourceVersion");
        var put = new RequestOp
        {
            RequestPut = new PutRequest
            {
                Key = ByteString.CopyFromUtf8(key),
                Value = ByteString.CopyFrom(copy.ToUtf8()),
            },
        };
        TxnResponse answer = await CommitAsync(key, expected, put, cancelled);
        if (!answer.Succeeded)
            return null;
        SetRevision(copy, answer.Header.Revision);
        return new StoredObject(key, copy, answer.Header.Revision);
    }

    /// <summary>Deletes an object if it has not changed since; the revision of the deletion, or null if it
    /// has.</summary>
    public async Task<long?> TryDeleteAsync(string key, long expected, CancellationToken cancelled)
    {
        var delete = new RequestOp
        {
            RequestDeleteRange = new DeleteRangeRequest { Key = ByteString.CopyFromUtf8(key) },
        };
        TxnResponse answer = await CommitAsync(key, expected, delete, cancelled);
        return answer.Succeeded ? answer.Header.Revision : null;
    }

    /// <summary>Forgets what is older than a revision.</summary>
    public async Task CompactAsync(long revision, CancellationToken cancelled) =>
        await _kv.CompactAsync(new CompactionRequest { Revision = revision }, cancellationToken: cancelled);

    /// <summary>All changes of what has a prefix, from a revision on, until it is given up. News of progress come
    /// whenever <paramref name="progress"/> ticks.</summary>
    /// <exception cref="RevisionGoneException">The revision was compacted.</exception>
    public async IAsyncEnumerable<StoredChange> WatchAsync(
        string prefix, long from, TimeSpan progress, [EnumeratorCancellation] CancellationToken cancelled)
    {
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call = _watch.Watch(cancellationToken: cancelled);
        // A watcher of a revision that is still to come is told of no progress, in etcd too: so from one before.
        await call.RequestStream.WriteAsync(ToWatch(prefix, Math.Max(1, from - 1)), cancelled);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        Task asking = AskForProgressAsync(call.RequestStream, progress, ended.Token);
        try
        {
            while (await call.ResponseStream.MoveNext(cancelled))
            {
                WatchResponse answer = call.ResponseStream.Current;
                if (answer.CompactRevision > 0)
                    throw new RevisionGoneException(answer.CompactRevision);
                if (answer.Canceled)
                    throw new IOException($"The node ended a watch: {answer.CancelReason}");
                if (answer.Events.Count == 0 && !answer.Created)
                    yield return new StoredChange(Now: null, Before: null, answer.Header.Revision);
                foreach (Event change in answer.Events.Where(change => change.Kv.ModRevision >= from))
                    yield return ToChange(change);
            }
        }
        finally
        {
            await ended.CancelAsync();
            await asking;
        }
    }

    public void Dispose() => _channel.Dispose();

    private static async Task AskForProgressAsync(
        IClientStreamWriter<WatchRequest> requests, TimeSpan every, CancellationToken cancelled)
    {
        using var timer = new PeriodicTimer(every);
        try
        {
            while (await timer.WaitForNextTickAsync(cancelled))
            {
                var request = new WatchRequest { ProgressRequest = new WatchProgressRequest() };
                await requests.WriteAsync(request, cancelled);
            }
        }
        catch (Exception fault) when (
            fault is OperationCanceledException or RpcException or InvalidOperationException or IOException)
        {
            // The watch has ended; who reads it learns why.
        }
    }

    private async Task<TxnResponse> CommitAsync(
        string key, long expected, RequestOp operation, CancellationToken cancelled)
    {
        var transaction = new TxnRequest
        {
            Compare =
            {
                new Compare
                {
                    Key = ByteString.CopyFromUtf8(key),
                    Target = Compare.Types.CompareTarget.Mod,
                    Result = Compare.Types.CompareResult.Equal,
                    ModRevision = expected,
                },
            },
            Success = { operation },
        };
        return await _kv.TxnAsync(transaction, cancellationToken: cancelled);
    }

    private static WatchRequest ToWatch(string prefix, long from) => new()
    {
        CreateRequest = new WatchCreateRequest
        {
            Key = ByteString.CopyFromUtf8(prefix),
            RangeEnd = EndOf(prefix),
            StartRevision = from,
            PrevKv = true,
        },
    };

    private static StoredChange ToChange(Event change)
    {
        JsonObject? before = change.PrevKv is { Value.IsEmpty: false } previous ? ToObject(previous).Value : null;
        long revision = change.Kv.ModRevision;
        if (change.Type == Event.Types.EventType.Put)
            return new StoredChange(ToObject(change.Kv).Value, before, revision);

        // The last state of an object that is gone carries the revision at which it went.
        if (before is not null)
            SetRevision(before, revision);
        return new StoredChange(Now: null, before, revision);
    }

    private static StoredObject ToObject(KeyValue pair)
    {
        JsonObject value = JsonFields.ParseObject(pair.Value.Span);
        SetRevision(value, pair.ModRevision);
        return new StoredObject(pair.Key.ToStringUtf8(), value, pair.ModRevision);
    }

    private static void SetRevision(JsonObject value, long revision) =>
        value.Ensure("metadata")["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture);

    /// <summary>The first key behind all that have a prefix; prefixes end in '/', so the last byte has a
    /// successor.</summary>
    private static ByteString EndOf(string prefix)
    {
        byte[] end = System.Text.Encoding.UTF8.GetBytes(prefix);
        end[^1]++;
        return ByteString.CopyFrom(end);
    }
}
