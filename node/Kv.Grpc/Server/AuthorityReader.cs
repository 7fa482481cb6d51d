using System.IO.Pipelines;

namespace Kv.Grpc;

/// <summary>Lets clients in whose <c>:authority</c> is a URL. The client of etcd 3.4 sends <c>http://host:port</c>
/// there on
/// some of its connections, which Go's servers take and Kestrel refuses. So the header blocks of such a connection are
/// mended before Kestrel sees them (<see cref="HeaderBlock"/>), in place and without a change of length.
/// <para>A connection is judged by its first header block: with nothing to mend there, all that follows is passed
/// on unseen, at the cost of one test per read. Kestrel takes whole frames, so what is read always begins with
/// one.</para></summary>
internal sealed class AuthorityReader(PipeReader inner) : PipeReader
{
    private bool _isJudged;
    private bool _isMended;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        _isJudged && !_isMended ? inner.ReadAsync(cancellationToken) : ReadAndMendAsync(cancellationToken);

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
            return false;
        Look(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
        inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private async ValueTask<ReadResult> ReadAndMendAsync(CancellationToken cancelled)
    {
        ReadResult result = await inner.ReadAsync(cancelled);
        Look(result);
        return result;
    }

    private void Look(in ReadResult result)
    {
        if (_isJudged && !_isMended)
            return;
        foreach (Http2Frame frame in new Http2Frames(result.Buffer))
        {
            if (!frame.IsHeaders)
                continue;
            _isMended |= HeaderBlock.TryMend(frame.Block);
            _isJudged = true;
            if (!_isMended)
                return;
        }
    }
}
