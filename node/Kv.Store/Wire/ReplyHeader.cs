namespace Kv.Store;

/// <summary>What <c>ResponseHeader</c> says of the member that answers; the revision is the answer's own. The default
/// stands for the headers inside a transaction's answer, which have nothing but the revision.</summary>
public readonly record struct ReplyHeader(ulong ClusterId, ulong MemberId, ulong RaftTerm)
{
    internal const int BytesMax = 2 + (4 * 11);

    private const int HeaderField = 1;

    /// <summary>The size of the field of a response that holds the header.</summary>
    internal int SizeOf(long revision) => ProtoWriter.SizeOfMessage(ContentSize(revision));

    internal void Write(ref ProtoWriter writer, long revision)
    {
        writer.Begin(HeaderField, ContentSize(revision));
        writer.Number(1, unchecked((long)ClusterId));
        writer.Number(2, unchecked((long)MemberId));
        writer.Number(3, revision);
        writer.Number(4, unchecked((long)RaftTerm));
    }

    private int ContentSize(long revision) =>
        ProtoWriter.SizeOfNumber(unchecked((long)ClusterId)) +
        ProtoWriter.SizeOfNumber(unchecked((long)MemberId)) +
        ProtoWriter.SizeOfNumber(revision) +
        ProtoWriter.SizeOfNumber(unchecked((long)RaftTerm));
}
