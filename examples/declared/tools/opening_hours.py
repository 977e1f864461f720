def opening_hours(day: str) -> str:
    """
    Tells when the shop is open.

    Args:
        day (str): The day of the week
    """
    return "closed" if day.lower() == "sunday" else "9 to 18"
