namespace Kv.Grpc;

/// <summary>What one call holds of the server's <see cref="CallBudget"/>. Used again with the call it belongs
/// to.</summary>
internal sealed class CallShare
{
    private CallBudget? _budget;
    private ConnectionLoad? _connection;
    private bool _isCounted;
    private long _held;

    /// <summary>False if there is no room for another call.</summary>
    public bool TryBegin(CallBudget? budget, ConnectionLoad? connection, bool isFirstInLine)
    {
        if (budget is null)
            return true;
        if (!isFirstInLine && !budget.TryEnter())
            return false;
        _budget = budget;
        _connection = connection;
        _isCounted = !isFirstInLine;
        return true;
    }

    /// <summary>Counts what the call is about to hold, until it ends or lets it go. False, and nothing counted, if
    /// there is no room for it. Nothing is ever refused to who is first in line.</summary>
    public bool TryHold(long bytes)
    {
        if (_budget is not { } budget)
            return true;
        if (!_isCounted)
            budget.Hold(bytes, _connection);
        else if (!budget.TryHold(bytes, _connection))
            return false;
        Interlocked.Add(ref _held, bytes);
        return true;
    }

    /// <summary>Counts what the call holds already.</summary>
    public void Hold(long bytes)
    {
        if (_budget is not { } budget)
            return;
        budget.Hold(bytes, _connection);
        Interlocked.Add(ref _held, bytes);
    }

    public void LetGo(long bytes)
    {
        if (_budget is not { } budget)
            return;
        Interlocked.Add(ref _held, -bytes);
        budget.LetGo(bytes, _connection);
    }

    /// <summary>Nothing of the call is left.</summary>
    public void End()
    {
        if (_budget is not { } budget)
            return;
        long left = Interlocked.Exchange(ref _held, 0);
        if (left != 0)
            budget.LetGo(left, _connection);
        if (_isCounted)
            budget.Leave();
        _budget = null;
        _connection = null;
    }
}
