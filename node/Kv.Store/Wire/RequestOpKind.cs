namespace Kv.Store;

/// <summary>What a <c>RequestOp</c> asks for; the numbers are those of the fields.</summary>
public enum RequestOpKind
{
    None = 0,
    Range = 1,
    Put = 2,
    DeleteRange = 3,
    Txn = 4,
}
