//! The macro `object!`.

/// Declares the object type of a row. Doc comments become the descriptions of the type and its fields.
///
/// Each field reads `name = definition;`. The schema name of the type is the name of the row's type, or the one after
/// `as`; field names become camel case.
///
/// ```
/// use breadth::{field, field_ref, object};
///
/// struct BookRow {
///     title: String,
///     pages: i32,
/// }
///
/// object! {
///     /// A book.
///     BookRow as "Book" {
///         /// The title.
///         title = field_ref(|book: &BookRow| &book.title);
///         /// The number of pages.
///         page_count = field(|book: &BookRow| book.pages);
///     }
/// }
///
/// let book = <BookRow as breadth::Object>::object();
/// assert_eq!((book.name, book.fields[1].name.as_str()), ("Book", "pageCount"));
/// ```
#[macro_export]
macro_rules! object {
    ($(#[doc = $about:literal])+ $row:ident $(as $name:literal)? $(implements $($interface:literal)+)? {
        $($(#[doc = $description:literal])+ $field:ident = $def:expr;)+
    }) => {
        impl $crate::Object for $row {
            fn object() -> &'static $crate::ObjectType {
                static OBJECT: std::sync::LazyLock<$crate::ObjectType> =
                    std::sync::LazyLock::new(|| $crate::ObjectType {
                        name: [$($name,)? stringify!($row)][0],
                        description: $crate::plain(concat!($($about, "\n"),+)),
                        implements: &[$($($interface),+)?],
                        fields: vec![$(
                            $crate::describe(
                                stringify!($field),
                                concat!($($description, "\n"),+),
                                $def,
                            )
                        ),+],
                        register: $crate::register::<$row>,
                    });
                &OBJECT
            }
        }
    };
}
