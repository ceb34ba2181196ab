//! Digits as an English speaker says them.

use mynah_text::{apply, spoken_en};

#[test]
fn digits_become_words() {
    for (written, spoken) in [
        ("", ""),
        ("no digits", "no digits"),
        ("0", "zero"),
        ("15 men", "fifteen men"),
        ("42", "forty-two"),
        ("100", "one hundred"),
        ("123", "one hundred twenty-three"),
        ("1,000,001", "one million one"),
        ("12,345", "twelve thousand three hundred forty-five"),
        ("3.14", "three point one four"),
        ("50%", "fifty percent"),
        ("-5 degrees", "minus five degrees"),
        ("in 1996", "in nineteen ninety-six"),
        ("in 1905", "in nineteen oh five"),
        ("in 1900", "in nineteen hundred"),
        ("in 2005", "in two thousand five"),
        ("in 2015", "in twenty fifteen"),
        ("the 1980s", "the nineteen eighties"),
        ("his 20s", "his twenties"),
        ("1st, 2nd, 3rd and 4th", "first, second, third and fourth"),
        ("the 12th", "the twelfth"),
        ("the 20th", "the twentieth"),
        ("the 101st", "the one hundred first"),
        ("$5", "five dollars"),
        ("$1", "one dollar"),
        ("$5.50", "five dollars and fifty cents"),
        ("£3 million", "three million pounds"),
        ("$1,000", "one thousand dollars"),
        ("12:30", "twelve thirty"),
        ("at 3:00", "at three o'clock"),
        ("3:05 pm", "three oh five pm"),
        ("9:00 a.m.", "nine a.m."),
        ("1/2", "one half"),
        ("2/3", "two thirds"),
        ("3/4 of it", "three quarters of it"),
        ("24/7", "twenty-four/seven"),
        (
            "555-123-4567",
            "five five five one two three four five six seven",
        ),
        ("007", "zero zero seven"),
        ("3-5 days", "three to five days"),
        ("5G and MP3", "five G and MP three"),
        ("99999999999999999999", &["nine"; 20].join(" ")),
    ] {
        assert_eq!(
            apply(written, &spoken_en(written)),
            *spoken,
            "from {written}"
        );
    }
}
