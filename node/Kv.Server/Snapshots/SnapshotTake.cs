using Etcdserverpb;
using Grpc.Core;
using Kv.Server.Cli;
using Kv.Storage;
using Kv.Store;

namespace Kv.Server.Snapshots;

/// <summary>Takes a snapshot of a running cluster: from a member to a file of its own, where it is proven right, and
/// only then to its place. So what stands there under our name is good, and an attempt that finds it there has nothing
/// left to do.</summary>
internal sealed class SnapshotTake(ISnapshotPlace place, TakeOptions options)
{
    private static readonly RealDisk Disk = new();

    private readonly string _scratch = Path.Combine(options.ScratchFolder, $"kv-snapshot-{options.OwnerUid}.db");

    /// <exception cref="CommandFailedException">No member is fit.</exception>
    /// <exception cref="IOException">It could not be taken, proven or put there.</exception>
    public async Task<TakenSnapshot> RunAsync(CancellationToken stop)
    {
        PlacedSnapshot? found = await place.FindAsync(stop);
        ForeignSnapshotException.ThrowIfForeign(place.Location, found, options.OwnerUid);
        if (found is { Sha256: { } sha256, Revision: { } revision })
        {
            return new TakenSnapshot
            {
                Revision = revision,
                Size = found.Size,
                Sha256 = sha256,
                Location = place.Location,
            };
        }

        try
        {
            return await TakeAsync(stop);
        }
        finally
        {
            File.Delete(_scratch);
        }
    }

    private async Task<TakenSnapshot> TakeAsync(CancellationToken stop)
    {
        for (int attempt = 1; ; attempt++)
        {
            using MemberChoice choice = await MemberChoice.AskAsync(options, stop);
            AskedMember source = choice.Fit[(attempt - 1) % choice.Fit.Count];
            try
            {
                await DownloadAsync(source, stop);
                (string sha256, KeyValueHash history) = SnapshotProof.Check(Disk, _scratch);
                await SnapshotProof.CompareAsync(history, choice.Fit.OrderBy(member => member == source), stop);
                return await PlaceAsync(source, sha256, history, stop);
            }
            catch (Exception fault) when (IsPassing(fault) && attempt < options.AttemptsMax)
            {
                await Console.Error.WriteLineAsync(
                    $"attempt {attempt} of {options.AttemptsMax}, from {source.Endpoint}: {fault.Message}");
            }
        }
    }

    /// <summary>What another member, or the same at another time, may do better. What happens at the place has been
    /// repeated there.</summary>
    private static bool IsPassing(Exception fault) => fault is HistoryGoneException or DownloadException;

    private async Task DownloadAsync(AskedMember source, CancellationToken stop)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
        silence.CancelAfter(options.Patience);
        try
        {
            using var call = source.Maintenance.Snapshot(
                new SnapshotRequest(), new CallOptions(cancellationToken: silence.Token));
            await using var file = new FileStream(
                _scratch, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20, useAsync: true);
            var settled = new SettledWriter(file);
            ulong left = 0;
            while (await call.ResponseStream.MoveNext(silence.Token))
            {
                silence.CancelAfter(options.Patience);
                SnapshotResponse piece = call.ResponseStream.Current;
                await settled.WriteAsync(piece.Blob.Memory, silence.Token);
                left = piece.RemainingBytes;
            }

            if (left != 0)
                throw new DownloadException($"{source.Endpoint} ended the snapshot {left} bytes too early");
        }
        catch (RpcException fault) when (!stop.IsCancellationRequested)
        {
            throw new DownloadException(
                $"{source.Endpoint} broke off the snapshot: {fault.Status.Detail} ({fault.StatusCode})", fault);
        }
        catch (OperationCanceledException fault) when (!stop.IsCancellationRequested)
        {
            throw new DownloadException($"{source.Endpoint} said nothing for {options.Patience}", fault);
        }
    }

    private async Task<TakenSnapshot> PlaceAsync(
        AskedMember source, string sha256, KeyValueHash history, CancellationToken stop)
    {
        await using var file = new FileStream(
            _scratch, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true);
        var label = new SnapshotLabel(options.OwnerUid, sha256, history.Revision, file.Length);
        await place.WriteAsync(file, label, stop);
        return new TakenSnapshot
        {
            Revision = history.Revision,
            Size = file.Length,
            Sha256 = sha256,
            Location = place.Location,
            Endpoint = source.Endpoint.AbsoluteUri,
        };
    }
}
