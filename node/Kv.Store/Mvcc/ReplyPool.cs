namespace Kv.Store;

/// <summary>A few idle objects, shared by all threads. What finds no place is left to the collector, what finds none
/// idle is made anew.</summary>
internal sealed class ReplyPool<T>(Func<T> make)
    where T : class
{
    private const int IdleMax = 64;

    private readonly T?[] _idle = new T?[IdleMax];

    public T Rent()
    {
        for (int index = 0; index < IdleMax; index++)
        {
            if (_idle[index] is { } found && Interlocked.CompareExchange(ref _idle[index], null, found) == found)
                return found;
        }

        return make();
    }

    public void Return(T item)
    {
        for (int index = 0; index < IdleMax; index++)
        {
            if (_idle[index] is null && Interlocked.CompareExchange(ref _idle[index], item, null) is null)
                return;
        }
    }
}
