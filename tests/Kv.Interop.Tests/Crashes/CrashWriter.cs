using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Crashes;

/// <summary>Writes to a node, one request after the other, until it is gone. What it sends and what is answered goes
/// to the history.</summary>
public sealed class CrashWriter(Uri node, WrittenHistory history, string name, int seed)
{
    private const int ShortValueMax = 300;
    private const int LongValueBytes = 60_000;
    private const int KeyCount = 12;

    private readonly Random _random = new(seed);
    private readonly HashSet<int> _living = [];
    private int _serial;

    public async Task RunAsync(CancellationToken stop)
    {
        using var client = new ApiClient(node);
        try
        {
            while (!stop.IsCancellationRequested)
                await WriteAsync(client);
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or ApiException { Code: < 0 or 14 })
        {
            // The node was killed; what was under way may have happened or not.
        }
    }

    private async Task WriteAsync(ApiClient client)
    {
        int index = _random.Next(KeyCount);
        var key = ByteString.CopyFromUtf8($"{name}/{index}");
        if (_living.Contains(index) && _random.Next(8) == 0)
            await DeleteAsync(client, key, index);
        else
            await PutAsync(client, key, index);
    }

    private async Task PutAsync(ApiClient client, ByteString key, int index)
    {
        int length = _random.Next(100) == 0 ? LongValueBytes : _random.Next(30, ShortValueMax);
        var value = ByteString.CopyFromUtf8($"{name}-{++_serial:d10}-".PadRight(length, 'v'));
        string write = WrittenHistory.Name(Mvccpb.Event.Types.EventType.Put, key, value);
        history.Sent(write);
        var request = new PutRequest { Key = key, Value = value };
        long revision = _random.Next(4) == 0
            ? (await client.CallAsync<TxnResponse>("KV/Txn", Txn(request))).Header.Revision
            : (await client.CallAsync<PutResponse>("KV/Put", request)).Header.Revision;
        history.Acknowledged(revision, write);
        _living.Add(index);
    }

    // A delete looks like any other of its key, so the key is written anew before it is deleted again.
    private async Task DeleteAsync(ApiClient client, ByteString key, int index)
    {
        _living.Remove(index);
        string write = WrittenHistory.Name(Mvccpb.Event.Types.EventType.Delete, key, ByteString.Empty);
        history.Sent(write);
        var request = new DeleteRangeRequest { Key = key };
        DeleteRangeResponse response = await client.CallAsync<DeleteRangeResponse>("KV/DeleteRange", request);
        Assert.Equal(1, response.Deleted);
        history.Acknowledged(response.Header.Revision, write);
    }

    private static TxnRequest Txn(PutRequest put) => new() { Success = { new RequestOp { RequestPut = put } } };
}
