using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Kv.Storage;
using Kv.Store.Watching;

namespace Kv.Store;

/// <summary>The keys with all their revisions since the last compaction. Requests and answers are encoded protobuf
/// messages, read and written in place; requests that came through the log passed <see cref="RequestChecks"/> before.
/// <para>The apply lane writes, in the order of the log; any number of threads read beside it, each at one moment:
/// <see cref="KeySpace"/> has the reasons why that works.</para></summary>
public sealed class MvccStore : IHistory
{
    private readonly KeySpace _space;
    private readonly ILeaseAttachments _leases;
    private readonly StoreWriter _writer;
    private readonly TxnRun _txn;
    private readonly ILane _compactionLane;
    private readonly CompactionOptions _compactions;
    private readonly ReplyPool<TxnRun> _readRuns;
    private readonly List<Revision> _previous = [];
    private readonly SliceList _slices = new();
    private volatile StoreCompactor _compactor;

    private MvccStore(Backend backend, ILeaseAttachments leases, ILane compactionLane, CompactionOptions compactions)
    {
        _space = new KeySpace(backend);
        _leases = leases;
        _writer = new StoreWriter(_space, leases);
        _txn = new TxnRun(_space, leases);
        _compactionLane = compactionLane;
        _compactions = compactions;
        _compactor = new StoreCompactor(_space, compactionLane, compactions);
        _readRuns = new ReplyPool<TxnRun>(() => new TxnRun(_space, leases));
    }

    /// <summary>Who is told of changes; set before the first one is made.</summary>
    public IChangeSink? Changes
    {
        get => _writer.Sink;
        set => _writer.Sink = value;
    }

    public StoreCounts Counts => _writer.Counts;

    /// <summary>The last revision that is applied. Any thread.</summary>
    public long CurrentRevision => _space.Current;

    /// <summary>The oldest revision that can be read; -1 before the first compaction. Any thread.</summary>
    public long CompactRevision => _space.Compacted;

    /// <summary>Whether all compactions that were decided are finished. Any thread.</summary>
    public bool IsCompactionIdle => _compactor.IsIdle;

    /// <summary>The hashes that the last compactions computed in passing, oldest first. Any thread.</summary>
    public IReadOnlyList<KeyValueHash> CompactionHashes => _compactor.Hashes.ToArray();

    /// <summary>Keys that exist. Any thread.</summary>
    public long KeyCount
    {
        get
        {
            lock (_space.Gate)
                return _space.Index.LiveCount;
        }
    }

    /// <summary>Takes in what the backend holds, and goes on with a compaction that was not finished. Leases must be
    /// loaded before, as keys are attached to them here.</summary>
    public static MvccStore Open(
        Backend backend,
        ILeaseAttachments leases,
        ILane compactionLane,
        CompactionOptions? compactions = null)
    {
        var store = new MvccStore(backend, leases, compactionLane, compactions ?? CompactionOptions.Default);
        StoreView view = backend.Hold();
        try
        {
            RestoredKeys keys = StoreRestore.Run(backend, view, leases);
            store._space.Take(keys);
            store.GoOnCompacting(keys);
            return store;
        }
        finally
        {
            Backend.Release(view);
        }
    }

    /// <summary>Applies an encoded <c>PutRequest</c>. The apply lane's.</summary>
    public KvError Put(ReadOnlySpan<byte> request, in ReplyHeader header, IBufferWriter<byte>? reply)
    {
        RequireReadable(PutRequestView.TryRead(request, out PutRequestView put));
        if (put.Lease != 0 && !_leases.Exists(put.Lease))
            return KvError.LeaseNotFound;
        if ((put.KeepsValue || put.KeepsLease) && !Exists(put.Key))
        {
            Counts.Add(new OperationTally { Ranges = 1 });
            return KvError.KeyNotFound;
        }

        _writer.Begin();
        StoreView? view = PutStep.NeedsPrevious(put) ? _space.Backend.Hold() : null;
        ReadOnlySpan<byte> previous = PutStep.Run(_space, view, _writer, put);
        long revision = _writer.End();
        if (reply is not null)
        {
            int length = WriteReplies.SizeOfPut(header, revision, previous.Length);
            var writer = new ProtoWriter(reply.GetSpan(length));
            WriteReplies.WritePut(ref writer, header, revision, previous);
            reply.Advance(length);
        }

        if (view is not null)
            Backend.Release(view);
        return KvError.None;
    }

    /// <summary>Applies an encoded <c>DeleteRangeRequest</c>. The apply lane's.</summary>
    public KvError DeleteRange(ReadOnlySpan<byte> request, in ReplyHeader header, IBufferWriter<byte>? reply)
    {
        RequireReadable(DeleteRangeRequestView.TryRead(request, out DeleteRangeRequestView deletion));
        _writer.Begin();
        if (deletion.WantsPrevious)
            _writer.CountRange();
        bool wantsPrevious = deletion.WantsPrevious && reply is not null;
        long deleted = _writer.DeleteRange(deletion.Range, wantsPrevious ? _previous : null);
        long revision = _writer.End();
        if (reply is not null)
            ReplyDeleted(reply, header, revision, deleted);
        return KvError.None;
    }

    /// <summary>Applies an encoded <c>TxnRequest</c>. Without <paramref name="reply"/>, what it only reads is left out.
    /// The apply lane's.</summary>
    public KvError Txn(ReadOnlySpan<byte> request, in ReplyHeader header, IBufferWriter<byte>? reply)
    {
        RequireReadable(new TxnRequestView(request).TryCount(out _, out _, out _));
        return _txn.Write(request, _writer, header, reply);
    }

    /// <summary>Deletes keys, given in their order, as one request; returns how many existed. The apply
    /// lane's.</summary>
    public int DeleteKeys(IEnumerable<byte[]> sortedKeys)
    {
        _writer.Begin();
        int deleted = 0;
        foreach (byte[] key in sortedKeys)
            deleted += (int)_writer.DeleteRange(new KeyRange(key, []), previous: null);
        _writer.End();
        return deleted;
    }

    /// <summary>Decides that nothing below a revision can be read any more. The rest is done in the background, at the
    /// end of which <paramref name="finished"/> is called on the compaction lane. The apply lane's.</summary>
    public KvError Compact(long revision, Action? finished = null)
    {
        long previous = _space.Compacted;
        if (revision <= previous)
            return KvError.Compacted;
        if (revision > _space.Current)
            return KvError.FutureRevision;

        lock (_space.Gate)
            _space.Compacted = revision;
        Span<byte> encoded = stackalloc byte[Revision.EncodedBytes];
        new Revision(revision, 0).Encode(encoded, isDelete: false);
        _space.Backend.Put(StoreBucket.Meta, MetaKeys.ScheduledCompaction, encoded);

        StoreCompactor compactor = _compactor;
        var job = new CompactionJob(revision, previous, KeepsHash: compactor.IsIdle, finished);
        compactor.Announce();
        _space.Backend.CommitAfterEntry(() => compactor.Begin(job));
        return KvError.None;
    }

    /// <summary>Answers an encoded <c>RangeRequest</c> that passed <see cref="RequestChecks.Range"/>. Any thread; the
    /// reply is to be disposed.</summary>
    public RangeReply Range(ReadOnlySpan<byte> request, in ReplyHeader header)
    {
        var reply = RangeReply.Rent();
        if (!RangeRequestView.TryRead(request, out RangeRequestView range))
            reply.Error = KvError.Malformed;
        else if (range.Range.IsSingle)
            RangeReader.ReadOne(_space, range, reply);
        else
            ReadSteps(range, reply);

        if (reply.Error == KvError.None)
            reply.Seal(header);
        return reply;
    }

    /// <summary>Answers an encoded <c>TxnRequest</c> that only reads (<see cref="RequestChecks.IsReadOnly"/>), at one
    /// moment; <paramref name="ranges"/> is how many reads that took, comparisons included. Any thread.</summary>
    public KvError ReadTxn(
        ReadOnlySpan<byte> request, in ReplyHeader header, IBufferWriter<byte> reply, out int ranges)
    {
        ReadPoint point = _space.BeginRead();
        TxnRun run = _readRuns.Rent();
        KvError error = run.Read(request, point, header, reply);
        ranges = run.Ranges;
        _readRuns.Return(run);
        KeySpace.EndRead(point);
        return error;
    }

    /// <summary>Begins the answer to an encoded <c>RangeRequest</c> that passed
    /// <see cref="RequestChecks.RangeStream"/>, message by message. Any thread.</summary>
    public RangeStream OpenStream(ReadOnlySpan<byte> request, int messageBytes) =>
        new(_space, request, messageBytes);

    /// <summary>The hash of the keys at a revision, 0 for the current one. Any thread; reads all there is, so not one
    /// that others wait for.</summary>
    public KvError HashKv(long revision, out KeyValueHash hash)
    {
        if (_compactor.Hashes.TryGet(revision, out hash))
            return KvError.None;

        ReadPoint point = _space.BeginRead();
        long at = revision > 0 ? revision : point.Current;
        KvError error = point.CheckReadable(at);
        if (error == KvError.None)
            hash = StoreHash.Compute(_space, point, at);
        KeySpace.EndRead(point);
        return error;
    }

    /// <summary>Gives <paramref name="sink"/> the changes from <paramref name="fromRevision"/> on that it wants, in
    /// order and whole revisions only: at least one, at most <paramref name="revisionsMax"/>, and no further one once
    /// <paramref name="bytesMax"/> have been given. Returns the revision to go on from. Of what is compacted, some may
    /// be missing. Any thread.</summary>
    public long ReadChanges(long fromRevision, int revisionsMax, int bytesMax, IHistorySink sink)
    {
        StoreView view;
        long current;
        lock (_space.Gate)
        {
            current = _space.Current;
            view = _space.Backend.Hold();
        }

        long next = StoreHistory.Read(view, fromRevision, current, revisionsMax, bytesMax, sink);
        Backend.Release(view);
        return next;
    }

    /// <summary>The encoded KeyValue that a key had at a revision; false also if that cannot be read. Any
    /// thread.</summary>
    public bool TryGetAt(ReadOnlySpan<byte> key, long revision, out ReadOnlyMemory<byte> keyValue)
    {
        keyValue = default;
        KeyState state;
        StoreView view;
        lock (_space.Gate)
        {
            if (_space.CheckReadable(revision) != KvError.None || !_space.Index.TryGet(key, revision, out state))
                return false;
            view = _space.Backend.Hold();
        }

        keyValue = view.Keep(view.Find(state.Modified));
        Backend.Release(view);
        return true;
    }

    /// <summary>Puts another store's keys in the place of all there are. Reads go on meanwhile: of the old keys while
    /// the new ones are taken in, and to their end if they had begun. The leases must be the new store's already. The
    /// apply lane's, between entries.</summary>
    internal void Restore(OpenedStore next)
    {
        RestoredKeys keys = StoreRestore.Run(next, next.View, _leases);
        StoreView old = _space.Replace(next, keys);
        _space.Backend.GiveUp(old);
        GoOnCompacting(keys);
        Changes?.Restore(keys.Current);
    }

    private void GoOnCompacting(RestoredKeys keys)
    {
        var compactor = new StoreCompactor(_space, _compactionLane, _compactions);
        _compactor = compactor;
        if (keys.Unfinished is not { } unfinished)
            return;
        compactor.Announce();
        compactor.Begin(unfinished);
    }

    private static void RequireReadable([DoesNotReturnIf(false)] bool isReadable)
    {
        if (!isReadable)
            CorruptDataException.Throw("log", "an entry holds a request that is malformed");
    }

    private bool Exists(ReadOnlySpan<byte> key)
    {
        lock (_space.Gate)
            return _space.Index.TryGet(key, _space.Current, out _);
    }

    private void ReplyDeleted(IBufferWriter<byte> reply, in ReplyHeader header, long revision, long deleted)
    {
        StoreView view = _space.Backend.Hold();
        foreach (Revision previous in _previous)
            _slices.Add(view.Find(previous));
        int length = WriteReplies.SizeOfDelete(header, revision, deleted, _slices);
        var writer = new ProtoWriter(reply.GetSpan(length));
        WriteReplies.WriteDelete(ref writer, header, revision, deleted, _slices, view);
        reply.Advance(length);
        Backend.Release(view);
        _previous.Clear();
        _slices.Clear();
    }

    private void ReadSteps(in RangeRequestView range, RangeReply reply)
    {
        ReadPoint point = _space.BeginRead();
        reply.Own(point.View);
        reply.Revision = point.Current;
        long at = range.Revision > 0 ? range.Revision : point.Current;
        reply.Error = point.CheckReadable(at);
        if (reply.Error == KvError.None)
            RangeReader.Read(_space, point, at, range, reply);
        point.LeaveIndex();
    }
}
